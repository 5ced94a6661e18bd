"""Texts, names and values that somebody might hide something in; and good ones beside them."""

from __future__ import annotations

import decimal
import fractions
from typing import Any

import numpy as np

ACT = "touch acted"

# One a line: doors of Python, of SymPy, of NumPy, of shells and templates; all must be refused.
REFUSED = rf"""
__import__('subprocess').call('{ACT}', shell=True)
__import__('builtins').open('acted', 'w').close()
__builtins__['__import__']('os').system('{ACT}')
__builtins__.__dict__
eval("__import__('os').system('{ACT}')")
exec("open('acted','w')")
exec('import os\nos.system("{ACT}")')
compile('1', '', 'eval')
sympify("__import__('os').system('{ACT}')")
S("__import__('os').system('{ACT}')")
parse_expr('x')
lambdify(x, 'x')
Lambda(x, x)
Symbol('x')
symbols('x y')
Function('f')(x)
Integer(2)**Integer(10)**Integer(10)
Float('1e1000000000', 1000000)
Rational('1/3')
Matrix([[1, 2], [3, 4]])
Integral(x, x)
Derivative(x, x)
Limit(x, x, 0)
Sum(x, (x, 1, 10**100))
Product(x, (x, 1, 10**9))
factorial(1000000)
binomial(10**9, 10**8)
fibonacci(10**9)
isprime(2**127)
primepi(10**18)
prime(10**12)
nsolve(x, x)
solve(x)
series(x)
diff(x)
integrate(x)
simplify(x)
factor(x)
latex(x)
preview(x)
plot(x)
N(x, 10**9)
evalf(x)
subs(x, 1)
E.__class__
pi.__class__.__mro__
I.__reduce__()
x.__reduce_ex__(2)
x.__subclasshook__
(1).__class__.__base__.__subclasses__()[104]
(1.0).real.__class__
"".__class__.__mro__[1]
''.join(['a'])
'a'.format(x)
'{{x.__class__}}'.format(x=x)
f'{{().__class__}}'
"%s" % x
u'x'
rb'x'
'''x'''
b''
().__class__.__base__
[].__class__
{{}}.__class__
[x][0]
[*x]
[i for i in (1,)]
{{i for i in x}}
{{**x}}
(*x,)
(i for i in x)
lambda *a: a
(lambda f: f(f))(lambda f: f(f))
(y := x)
x if x else (y := 1)
x or exec(y)
x and y or z
not not x
x is not None
x not in (1, 2)
x == y == z
0 < x < 1
x != 1
x <> y
x <=> y
x && y
x || y
!x
x?y:z
x->y
x=>y
x == 'a'
x = __import__('os')
import subprocess
from os import *
global x
nonlocal x
async def f(): pass
def f(): pass
class A: pass
with x: pass
while 1: pass
for i in x: pass
try: x
match x:
print x
del x.y
raise x from y
yield from x
await sleep(10)
return
break
@decorate
x;import os
x\nimport os
x # comment
#!/bin/sh
`touch acted`
$(touch acted)
${{jndi:ldap://127.0.0.1/a}}
{{{{7*7}}}}
{{%% import os %%}}
<script>alert(1)</script>
x<!--
'; DROP TABLE runs; --
../../etc/passwd
C:\windows
file:///etc/passwd
http://127.0.0.1/
np.exp(x)
numpy.load('acted')
np.lib.npyio.load(x)
os.system(x)
math.exp(x)
torch.load(x)
sin.__call__(x)
sin(x).real
sin[0](x)
sin(x)[0]
sin(sin)(x)
sin(x, out=y)
sum(x, axis=(0, 1))
sum(x, None)
sum(x, True)
sum(x, 1.5)
sum(x, 1e3)
sum(x, y)
sum(x, -64)
reshape(x)
reshape(x, -1, -1)
reshape(x, -2)
reshape(x, 64)
reshape(x, 10**30)
permute(x, 0, 0)
permute(x, 5)
pad(x, 0, -1, 0)
pad(x, 0, 99999, 0)
windows(x, 0, 0)
windows(x, 0, 3, 0)
windows(x, 0, 2, -1)
expand_dims(x)
slice(x)
slice(x, ::2)
concat(x)
polygamma(x)
polygamma(2.5, x)
outer(x)
matmul(x)
where(x > 0, x)
where()
max(*x)
min(x=1)
Piecewise((x, x > 0), y)
Piecewise([x, True])
Piecewise((x, True), (y, True), z)
Piecewise((__import__('os'), True))
x**65
x**-65
x**(8*9)
x**(2**7)
x**1e3
2**2**2**2**2**2
2**(64)**2
9**64
0**-2
(-1)**0.5
1e308*1e308
-1e308*10
1e400
1e-400*1e400
340282366920938463463374607431768211456
0b1
0o7
0xff
1_0
1e
1.2.3
1..2
1e5e5
.e5
5x
2pi
3sin(x)
1j*x
2J
x²
√x
∑x
x×y
x÷y
∞
α + β
ℯ**x
ⅹ + 1
ｓin(x)
x​+y
x‮y
"""
REFUSED_TEXTS = [t for t in REFUSED.strip("\n").split("\n") if t]
REFUSED_TEXTS += [
    "x\u2028+y", "x\ufeff", "\ufeffx", "x\x00", "x\x07", "x\x1b]0;title\x07", "\ud83d\ude00",
    "x\x85",
    "(" * 41 + "x" + ")" * 41, "[" * 3_000, "x" + "+x" * 1_999, "x" + "*(x" * 41 + ")" * 41,
    "-" * 41 + "x", "~" * 3_000 + "x", "x**" * 41 + "x", "abs(" * 41 + "x" + ")" * 41,
    "+".join(f"n{i}" for i in range(65)), "y" * 65, "x " * 1_000, ",".join("x" * 500), "9" * 3_999,
    "x+" * 1_500, "0." + "1" * 3_000 + "e9999", "max(" + "x," * 300 + "x)", "(x,)" * 900,
]  # fmt: skip

# Short texts that are formulas, and would keep a machine busy or fill it if all were believed.
HEAVY = """
floor(exp(exp(exp(5))))
exp(exp(exp(exp(5))))
abs(x**64*x**64*x**64*x**64*x**64*x**64*x**16)
((((x**64)**64)**64)**64)**64
((((2/3)**64)**64)**64)**64
(x + y + z + w)**64
((x + 1)**64 + (y + 1)**64)**64
x**x**x**x**x**x**x**x
sin(sin(sin(sin(sin(sin(sin(sin(sin(sin(sin(sin(x))))))))))))
tanh(x)*tanh(tanh(x))*tanh(tanh(tanh(x)))*tanh(tanh(tanh(tanh(x))))
gammaln(gammaln(gammaln(x**64)))
digamma(1000000000) + digamma(1000000000000)
polygamma(1000000000, 63)
exp(1000000000*log(3) + x)
log(exp(log(exp(log(exp(log(exp(x))))))))
max(a, max(b, max(c, max(d, max(e, max(f, max(g, max(h, max(i, j)))))))))
Piecewise((a, a > b), (b, b > c), (c, c > d), (d, d > e), (e, e > f), (f, f > g), (g, True))
outer(x, x)
outer(outer(x, x), x)
outer(outer(outer(x, x), x), x)
diag(diag(x))
diag(diag(diag(x)))
diag(outer(x, x))
sum(outer(outer(x, x), outer(x, x)))
matmul(expand_dims(x, 1), expand_dims(x, 0))
pad(pad(pad(x, 0, 63, 63), 0, 63, 63), 0, 63, 63)
windows(windows(x, 0, 63), 0, 63)
take(outer(x, x), 0*outer(x, x), 0)
concat(concat(x, x, 0), concat(x, x, 0), 0)
cumsum(cumsum(cumsum(cumsum(x))))
det(outer(x, x))
inverse(outer(x, x) + diag(x))
logdet(outer(x, x))
cholesky(outer(x, x))
softmax(outer(x, x))
sort(argsort(sort(argsort(x))))
reshape(x, 2, 2, 2, 5, 5, 5)
reshape(x, 63, 63)
expand_dims(expand_dims(expand_dims(expand_dims(x, 0), 0), 0), 0)
erfinv(erf(erfinv(erf(erfinv(erf(x))))))
1e308*x*1e-308
x - x - x + x
0*x + 0*y
340282366920938463463374607431768211455*x
(2**64)**2
(10**30)**4
1/0
1.0/0.0
0/0
x <- 3
""".strip().splitlines()

HEAVY += [
    "max(" + ",".join(f"x{i}" for i in range(64)) + ")",
    "min(" + ",".join(f"x + {i}" for i in range(40)) + ")",
    "sin(" * 39 + "x" + ")" * 39, "sigmoid(" * 39 + "x" + ")" * 39, "abs(" * 39 + "x" + ")" * 39,
    "*".join(f"tanh(x + {i})" for i in range(40)), "where(x > y, " * 20 + "1" + ", 2)" * 20,
    "floor(x + " * 19 + "x" + ")" * 19, "+".join(f"cos({i}*x)**{i}" for i in range(2, 30)),
    "+".join(f"x{i}" for i in range(64)), "outer(" * 20 + "x" + ", x)" * 20,
]  # fmt: skip
# A card looks at 1,300 points one by one, which takes these over a second.
LONG_CARDS = ["+".join(f"polygamma(x, {i})" for i in range(2, 10))]

# They broadcast, so their size shows in no single operation of the alphabet.
BROADCASTING = [
    "expand_dims(x, 1) * x", "x + expand_dims(x, 1)", "where(expand_dims(x, 1) > x, 1, 0)",
]  # fmt: skip

CONTROLS = {
    "m*x + b": (2.0 * 0.5 + 3.0, {"m": 2.0, "x": 0.5, "b": 3.0}),
    "beta*x": (1.0, {"beta": 2.0, "x": 0.5}),
    "gamma + x": (2.5, {"gamma": 2.0, "x": 0.5}),
    "S*N": (6.0, {"S": 2.0, "N": 3.0}),
    "E**2": (9.0, {"E": 3.0}),
    "lambda_*x": (8.0, {"lambda_": 2.0, "x": 4.0}),
    "I + O + Q": (6.0, {"I": 1.0, "O": 2.0, "Q": 3.0}),
    "zeta - C": (1.0, {"zeta": 3.0, "C": 2.0}),
    "1/(1 + exp(-x))": (0.5, {"x": 0.0}),
    "max(0, x)": (3.0, {"x": 3.0}),
    "Max(x, y, 1)": (3.0, {"x": 3.0, "y": -1.0}),
    "Piecewise((x, x > 0), (0.1*x, True))": (-0.2, {"x": -2.0}),
    "where(x >= 0, 1, -1)": (-1.0, {"x": -2.0}),
    "Abs(x) + Heaviside(x)": (3.0, {"x": 2.0}),
    "sqrt(x**2 + y**2)": (5.0, {"x": 3.0, "y": 4.0}),
    "exp(-(x - mu)**2/(2*sigma**2))/(sigma*sqrt(2*pi))":
        (0.3989422804014327, {"x": 1.0, "mu": 1.0, "sigma": 1.0}),
    "0.5*x*(1 + tanh(sqrt(2/pi)*(x + 0.044715*x**3)))": (0.8411919906082768, {"x": 1.0}),
    "-(y*log(p) + (1 - y)*log(1 - p))": (0.6931471805599453, {"y": 1.0, "p": 0.5}),
    "gammaln(n) + digamma(1)*0": (1.791759469228055, {"n": 4.0}),
    "var + cov + test + data": (10.0, {"var": 1.0, "cov": 2.0, "test": 3.0, "data": 4.0}),
}  # fmt: skip

# Names that no parameter, input, registered formula or symbol may have.
NAMES = [
    "", " ", "x ", " x", "x y", "x\n", "x\x00", "x\t", "1x", "9", "_x", "__class__", "__init__",
    "x.y", "x.__class__", "x[0]", "x()", "f(x)", "x;y", "x,y", "x=1", "x'", 'x"', "x`", "x\\", "$x",
    "x-y", "x+y", "é", "π", "ｘ", "x²", "x\u200b", "\u202ex", "x" * 65, "x" * 100_000,
    "__import__('os').system('touch acted')", "'); __import__('os').system('touch acted'); ('",
    '"""\n__import__("os").system("touch acted")\n"""', "2*x", "x**2", "-x", "0x1",
    "../acted", "/etc/passwd", "${x}", "{{x}}", "<b>x</b>", "[bold]x[/]", "\x1b[31mx",
]  # fmt: skip

KEYWORDS = ["lambda", "import", "None", "True", "class"]


class Acting:
    """Answers every question of Python with an act."""

    def __repr__(self) -> str:
        return "Acting()"

    def _act(self, *args: Any, **kwargs: Any) -> Any:
        with open("acted", "w", encoding="ascii"):
            return 1.0

    __float__ = __int__ = __index__ = __call__ = __add__ = __radd__ = __mul__ = __rmul__ = _act


# What no parameter may be.
VALUES: dict[str, Any] = {
    **{f"text {i}": t for i, t in enumerate((
        "1", "x", "", "nan", "1e5", "__import__('os').system('touch acted')", "lambda: 1",
        "exp(x)", "'", "0x10", "π", "x" * 100_000, "[1, 2]", "{{7*7}}", "None"))},
    "bytes": b"1", "empty bytes": b"", "view": memoryview(b"1"),
    "none": None, "true": True, "false": False, "dots": ..., "not implemented": NotImplemented,
    "complex": 1 + 2j, "list": [1.0, 2.0], "empty list": [], "tuple": (1.0,), "set": {1.0},
    "frozen set": frozenset({1}), "dict": {"x": 1}, "nested": [[1], [2, 3]], "range": range(3),
    "generator": (i for i in range(3)), "function": print, "lambda": lambda: 1, "type": int,
    "exception": ValueError("x"), "module": np, "object": object(), "acting": Acting(),
    "slice": slice(1), "acting list": [Acting()], "property": property(),
    "decimal": decimal.Decimal("1.5"), "fraction": fractions.Fraction(1, 3),
    "type variable": dict[str, int], "iterator": iter([1.0]),
}  # fmt: skip
