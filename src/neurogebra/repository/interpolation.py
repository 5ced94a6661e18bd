"""Interpolation: values between samples, splines, curves, and weights of resizing."""

from neurogebra.repository.record import VECTOR, Formula, Interval, Rows, at

_DLMF = "NIST Digital library of mathematical functions"
_FARIN = "Farin (2002), Curves and surfaces for CAGD, Morgan Kaufmann"
_WIDE, _SHARE = Interval(-1e3, 1e3), Interval(0.0, 1.0)


def _wide(*names: str) -> tuple[tuple[str, Interval], ...]:
    return tuple((name, _WIDE) for name in names)


INTERPOLATION = (
    Formula(
        name="lagrange_quadratic",
        expr="y0 * (x - x1) * (x - x2) / ((x0 - x1) * (x0 - x2)) "
        "+ y1 * (x - x0) * (x - x2) / ((x1 - x0) * (x1 - x2)) "
        "+ y2 * (x - x0) * (x - x1) / ((x2 - x0) * (x2 - x1))",
        inputs=("x", "y0", "y1", "y2"),
        summary="The parabola through three points.",
        category="calculus",
        params=(("x0", -1.0), ("x1", 0.0), ("x2", 1.0)),
        domain=_wide("x", "y0", "y1", "y2"),
        usage="Reading between the lines of a table, and the top of a sampled peak.",
        pros=("The points may be spaced unevenly.",),
        cons=("Bends away outside the points.",),
        subcategory="interpolation",
        source=f"{_DLMF}, section 3.3",
        checks=(
            at(x=3.0, y0=1.0, y1=0.0, y2=1.0)(9.0),
            at(x=2.0, y0=5.0, y1=6.0, y2=9.0, x0=0.0, x1=1.0, x2=2.0)(9.0),
        ),
        sensitive=True,
        ulp=8.0,
    ),
    Formula(
        name="bilinear_interpolation",
        expr="f00 * (1 - x) * (1 - y) + f10 * x * (1 - y) + f01 * (1 - x) * y + f11 * x * y",
        inputs=("x", "y", "f00", "f10", "f01", "f11"),
        summary="The value inside a unit square from its four corners; f10 stands at x = 1, y = 0.",
        category="calculus",
        domain=(("x", _SHARE), ("y", _SHARE), *_wide("f00", "f10", "f01", "f11")),
        usage="Resizing images, sampling feature maps, lookup tables.",
        pros=("Between the corners' values.",),
        cons=("Slopes jump at the edges of the squares.",),
        subcategory="interpolation",
        source="Gonzalez & Woods (2018), Digital image processing, chapter 2",
        checks=(at(x=0.5, y=0.25, f00=0.0, f10=2.0, f01=4.0, f11=8.0)(2.25),),
        sensitive=True,
    ),
    Formula(
        name="cubic_hermite",
        expr="p0 * (2 * t ** 3 - 3 * t ** 2 + 1) + m0 * (t ** 3 - 2 * t ** 2 + t) "
        "+ p1 * (3 * t ** 2 - 2 * t ** 3) + m1 * (t ** 3 - t ** 2)",
        inputs=("t", "p0", "m0", "p1", "m1"),
        summary="The cubic with given values p and slopes m at 0 and 1.",
        category="calculus",
        domain=(("t", _SHARE), *_wide("p0", "m0", "p1", "m1")),
        usage="Smooth paths through keyframes, dense output of integrators.",
        pros=("Pieces join with a continuous slope.",),
        cons=("Somebody has to choose the slopes.",),
        subcategory="interpolation",
        source=f"{_FARIN}, chapter 7",
        checks=(at(t=0.5, p0=0.0, m0=4.0, p1=2.0, m1=-4.0)(2.0),),
        aliases=("hermite_spline",),
        sensitive=True,
        ulp=8.0,
    ),
    Formula(
        name="catmull_rom",
        expr="(2 * p1 + (p2 - p0) * t + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t ** 2 "
        "+ (3 * p1 - p0 - 3 * p2 + p3) * t ** 3) / 2",
        inputs=("t", "p0", "p1", "p2", "p3"),
        summary="The cubic from p1 to p2 whose slopes are half the differences of the neighbours.",
        category="calculus",
        domain=(("t", _SHARE), *_wide("p0", "p1", "p2", "p3")),
        usage="Camera paths, and enlarging images.",
        pros=("Passes through its points, and needs nothing else.",),
        cons=("Overshoots at corners.",),
        subcategory="interpolation",
        source="Catmull & Rom (1974), A class of local interpolating splines, in Computer aided "
        "geometric design, Academic Press",
        checks=(at(t=0.5, p0=0.0, p1=1.0, p2=1.0, p3=0.0)(1.125),),
        sensitive=True,
        ulp=8.0,
    ),
    Formula(
        name="bezier_quadratic",
        expr="(1 - t) ** 2 * p0 + 2 * (1 - t) * t * p1 + t ** 2 * p2",
        inputs=("t", "p0", "p1", "p2"),
        summary="A curve from p0 to p2 that p1 pulls on.",
        category="calculus",
        domain=(("t", _SHARE), *_wide("p0", "p1", "p2")),
        usage="Fonts, and curves between trained networks (mode connectivity).",
        pros=("Stays within the triangle of its points.",),
        cons=("An arc of a parabola only.",),
        subcategory="interpolation",
        source=f"{_FARIN}, chapter 4",
        checks=(at(t=0.5, p0=0.0, p1=2.0, p2=4.0)(2.0), at(t=0.25, p0=16.0, p1=0.0, p2=0.0)(9.0)),
        sensitive=True,
    ),
    Formula(
        name="bezier_cubic",
        expr="(1 - t) ** 3 * p0 + 3 * (1 - t) ** 2 * t * p1 + 3 * (1 - t) * t ** 2 * p2 "
        "+ t ** 3 * p3",
        inputs=("t", "p0", "p1", "p2", "p3"),
        summary="A curve from p0 to p3 that starts towards p1 and arrives from p2.",
        category="calculus",
        domain=(("t", _SHARE), *_wide("p0", "p1", "p2", "p3")),
        usage="Drawing programs, fonts, easing of animations.",
        pros=("Its ends and their slopes are set directly.",),
        cons=("A circle is only approximated.",),
        subcategory="interpolation",
        source=f"{_FARIN}, chapter 4",
        checks=(at(t=0.5, p0=8.0, p1=0.0, p2=0.0, p3=16.0)(3.0),),
        sensitive=True,
    ),
    Formula(
        name="slerp",
        expr="(sin((1 - t) * theta) * a + sin(t * theta) * b) / sin(theta)",
        inputs=("a", "b", "theta", "t"),
        summary="The point a share t of the way along the arc from a to b; theta is their angle.",
        category="calculus",
        domain=(
            ("a", VECTOR),
            ("b", VECTOR),
            ("theta", Interval(0.1, 3.0)),
            ("t", _SHARE),
        ),
        usage="Rotations (quaternions), latent vectors, merging of models.",
        pros=("Constant speed, and unit vectors stay unit vectors.",),
        cons=("0 / 0 for equal directions: use a straight line there.",),
        subcategory="interpolation",
        source="Shoemake (1985), Animating rotation with quaternion curves, SIGGRAPH 1985",
        checks=(
            at(a=(1.0, 0.0), b=(0.0, 1.0), theta=1.5707963267948966, t=0.5)(
                (0.7071067811865476, 0.7071067811865476)
            ),
        ),
        aliases=("spherical_interpolation",),
        sensitive=True,
    ),
    Formula(
        name="inverse_distance_weighting",
        expr="sum(y / d ** p) / sum(1 / d ** p)",
        inputs=("y", "d"),
        summary="The mean of known values, each weighed by its distance to the power −p.",
        category="calculus",
        params=(("p", 2.0),),
        domain=(("y", VECTOR), ("d", Rows(of=Interval(0.1, 10.0)))),
        usage="Rain between gauges, and point clouds in networks.",
        pros=("Stays between the known values.",),
        cons=("Every known point becomes a flat spot.",),
        subcategory="interpolation",
        source="Shepard (1968), A two-dimensional interpolation function for irregularly-spaced "
        "data, ACM National Conference 1968",
        checks=(at(y=(1.0, 6.0), d=(1.0, 2.0))(2.0),),
        aliases=("shepard_interpolation",),
        sensitive=True,
    ),
    Formula(
        name="cubic_b_spline",
        expr="where(abs(x) < 1, 2 / 3 - x ** 2 + abs(x) ** 3 / 2, max(2 - abs(x), 0) ** 3 / 6)",
        inputs=("x",),
        summary="The smoothest bump of cubic pieces: 2/3 in the middle, 0 beyond ±2.",
        category="calculus",
        domain=(("x", _WIDE),),
        usage="Smooth curves from control points, and Kolmogorov-Arnold networks.",
        pros=("Two continuous derivatives.", "Bumps at all whole numbers add up to 1."),
        cons=("Smooths: a curve of them misses its control points.",),
        subcategory="interpolation",
        source="de Boor (1978), A practical guide to splines, Springer",
        checks=(at(x=0.0)(0.6666666666666666), at(x=-1.0)(0.16666666666666666), at(x=3.0)(0.0)),
        sensitive=True,
    ),
    Formula(
        name="cubic_convolution",
        expr="where(abs(x) < 1, (a + 2) * abs(x) ** 3 - (a + 3) * x ** 2 + 1, "
        "where(abs(x) < 2, a * (abs(x) ** 3 - 5 * x ** 2 + 8 * abs(x) - 4), 0))",
        inputs=("x",),
        summary="The weight of a sample x pixels away in bicubic resizing.",
        category="calculus",
        params=(("a", -0.75),),
        stable="where(abs(x) < 1, (1 - abs(x)) * (1 + abs(x) - (a + 2) * x ** 2), "
        "a * min(abs(x) - 1, 1) * max(2 - abs(x), 0) ** 2)",
        domain=(("x", _WIDE),),
        usage="Resizing images; libraries take a = −0.5 or −0.75.",
        pros=("Keeps the samples themselves.", "Exact for parabolas at a = −0.5."),
        cons=("Overshoots at edges.",),
        subcategory="interpolation",
        source="Keys (1981), Cubic convolution interpolation for digital image processing, IEEE "
        "Transactions on Acoustics, Speech, and Signal Processing 29, 1153-1160",
        checks=(at(x=0.5, a=-0.5)(0.5625), at(x=-1.5, a=-0.5)(-0.0625), at(x=5.0)(0.0)),
        aliases=("bicubic_kernel", "keys_kernel"),
        sensitive=True,
        ulp=8.0,
    ),
)
