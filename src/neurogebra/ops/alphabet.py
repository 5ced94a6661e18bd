"""The alphabet: the tables of operations, in the order in which pages list them."""

from neurogebra.ops.calls import ALPHABET as ALPHABET
from neurogebra.ops.calls import apply as apply
from neurogebra.ops.calls import carry as carry
from neurogebra.ops.elementwise import ARITHMETIC, CHOICES, ELEMENTARY, SPECIAL
from neurogebra.ops.images import IMAGES
from neurogebra.ops.linear import MATRICES, PRODUCTS
from neurogebra.ops.reductions import REDUCTIONS
from neurogebra.ops.shapes import ORDER, PIECES, SHAPES, TRIANGLES

TABLES = (
    *(ARITHMETIC, ELEMENTARY, SPECIAL, CHOICES, REDUCTIONS),
    *(SHAPES, ORDER, PIECES, TRIANGLES, PRODUCTS, MATRICES, IMAGES),
)
for _table in TABLES:
    for _op in _table:
        ALPHABET.add(_op)
