"""The definitions at as many digits as it takes, under the name that the laws know."""

from neurogebra.core.exact import again as again
from neurogebra.core.exact import at_digits as at_digits
from neurogebra.core.exact import exact as exact
from neurogebra.core.exact import limit as limit
from neurogebra.core.exact_ops import OPS as OPS
