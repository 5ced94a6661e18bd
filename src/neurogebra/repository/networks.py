"""Layers and recurrent cells as formulas, and the number of their parameters."""

from neurogebra.repository.record import (
    BINARY,
    PROBABILITY,
    SQUARE,
    VECTOR,
    Formula,
    Interval,
    Rows,
    at,
)

_UNIT = Interval(-2.0, 2.0)
_INPUT = Rows(("p",), of=_UNIT)
_STATE = Rows(("q",), of=_UNIT)
_IN = Rows(("q", "p"), of=_UNIT)
_LOOP = Rows(("q", "q"), of=_UNIT)
_MIX = Rows(("p", "p"), of=_UNIT)
_WIDTH = Interval(1.0, 1e5, whole=True)
_KERNEL = Interval(1.0, 31.0, whole=True)

NETWORKS = (
    Formula(
        name="rnn_cell",
        expr="tanh(matmul(W, x) + matmul(U, h) + b)",
        inputs=("x", "h", "W", "U", "b"),
        summary="The next state of a plain recurrent cell.",
        category="transform",
        domain=(("x", _INPUT), ("h", _STATE), ("W", _IN), ("U", _LOOP), ("b", _STATE)),
        usage="Short sequences, and as the simplest recurrent layer to study.",
        pros=("Few parameters.",),
        cons=("Gradients vanish or explode over long sequences.",),
        subcategory="recurrent",
        source="Elman (1990), Finding structure in time, Cognitive Science 14, 179-211",
        checks=(at(x=(1.0,), h=(0.0,), W=((1.0,),), U=((2.0,),), b=(0.0,))((0.7615941559557649,)),),
        aliases=("lstm_candidate", "elman_cell"),
        sensitive=True,
    ),
    Formula(
        name="recurrent_gate",
        expr="1 / (1 + exp(-(matmul(W, x) + matmul(U, h) + b)))",
        inputs=("x", "h", "W", "U", "b"),
        summary="How far a gate opens, from 0 to 1, judged from the input and the last state.",
        category="transform",
        stable="sigmoid(matmul(W, x) + matmul(U, h) + b)",
        domain=(("x", _INPUT), ("h", _STATE), ("W", _IN), ("U", _LOOP), ("b", _STATE)),
        usage="Input, forget and output gates of the LSTM; update and reset gates of the GRU.",
        pros=("Learns when to keep and when to write.",),
        cons=("Saturates, and then learns slowly.",),
        subcategory="recurrent",
        source=(
            "Hochreiter & Schmidhuber (1997), Long short-term memory, Neural Computation 9,"
            " 1735-1780"
        ),
        checks=(at(x=(1.0,), h=(1.0,), W=((1.0,),), U=((-1.0,),), b=(0.0,))((0.5,)),),
        aliases=(
            "lstm_input_gate",
            "lstm_forget_gate",
            "lstm_output_gate",
            "gru_update_gate",
            "gru_reset_gate",
        ),
        sensitive=True,
    ),
    Formula(
        name="peephole_gate",
        expr="1 / (1 + exp(-(matmul(W, x) + matmul(U, h) + peep * c + b)))",
        inputs=("x", "h", "c", "W", "U", "peep", "b"),
        summary="An LSTM gate that also sees the cell's state.",
        category="transform",
        stable="sigmoid(matmul(W, x) + matmul(U, h) + peep * c + b)",
        domain=(
            ("x", _INPUT),
            ("h", _STATE),
            ("c", _STATE),
            ("W", _IN),
            ("U", _LOOP),
            ("peep", _STATE),
            ("b", _STATE),
        ),
        usage="Tasks that hang on exact timing.",
        pros=("The gate knows the state even while the output gate is shut.",),
        cons=("Rarely better on ordinary tasks.",),
        subcategory="recurrent",
        source="Gers & Schmidhuber (2000), Recurrent nets that time and count, IJCNN",
        checks=(
            at(x=(1.0,), h=(1.0,), c=(2.0,), W=((1.0,),), U=((1.0,),), peep=(-1.0,), b=(0.0,))(
                (0.5,)
            ),
        ),
        sensitive=True,
    ),
    Formula(
        name="lstm_cell_state",
        expr="f * c + i * g",
        inputs=("f", "c", "i", "g"),
        summary="What an LSTM keeps of its memory, and what it adds.",
        category="transform",
        domain=(("f", PROBABILITY), ("i", PROBABILITY), ("g", Interval(-1.0, 1.0))),
        usage="The memory of an LSTM: gates f and i, candidate g.",
        pros=("With f = 1 memory and gradient pass unchanged.",),
        cons=("Memory is of fixed size.",),
        subcategory="recurrent",
        source=(
            "Gers, Schmidhuber & Cummins (2000), Learning to forget: continual prediction "
            "with LSTM, Neural Computation 12, 2451-2471"
        ),
        checks=(at(f=0.5, c=2.0, i=1.0, g=-0.25)(0.75),),
        sensitive=True,
    ),
    Formula(
        name="lstm_hidden",
        expr="o * tanh(c)",
        inputs=("o", "c"),
        summary="What an LSTM shows of its memory.",
        category="transform",
        domain=(("o", PROBABILITY),),
        usage="The output of an LSTM: gate o, memory c.",
        pros=("Bounded by ±1.",),
        cons=("Saturates for large memories.",),
        subcategory="recurrent",
        source=(
            "Hochreiter & Schmidhuber (1997), Long short-term memory, Neural Computation 9,"
            " 1735-1780"
        ),
        checks=(at(o=0.5, c=1.0)(0.3807970779778824),),
        sensitive=True,
    ),
    Formula(
        name="lstm_step",
        expr=(
            "1 / (1 + exp(-slice(matmul(W, x) + matmul(U, h) + b, 0, 3, 4))) * tanh(c / (1 "
            "+ exp(-slice(matmul(W, x) + matmul(U, h) + b, 0, 1, 2))) + "
            "tanh(slice(matmul(W, x) + matmul(U, h) + b, 0, 2, 3)) / (1 + "
            "exp(-slice(matmul(W, x) + matmul(U, h) + b, 0, 0, 1))))"
        ),
        inputs=("x", "h", "c", "W", "U", "b"),
        summary="A whole LSTM step: the next output from input, output and memory.",
        category="transform",
        stable=(
            "sigmoid(slice(matmul(W, x) + matmul(U, h) + b, 0, 3, 4)) * "
            "tanh(sigmoid(slice(matmul(W, x) + matmul(U, h) + b, 0, 1, 2)) * c + "
            "sigmoid(slice(matmul(W, x) + matmul(U, h) + b, 0, 0, 1)) * "
            "tanh(slice(matmul(W, x) + matmul(U, h) + b, 0, 2, 3)))"
        ),
        domain=(
            ("x", _INPUT),
            ("h", _STATE),
            ("c", _STATE),
            ("W", Rows(("m", "q", "p"), of=_UNIT)),
            ("U", Rows(("m", "q", "q"), of=_UNIT)),
            ("b", Rows(("m", "q"), of=_UNIT)),
        ),
        usage=(
            "Sequences; W, U and b hold the input, forget, candidate and output parts, in "
            "this order."
        ),
        pros=("Remembers over hundreds of steps.",),
        cons=("One step after the other: slow on parallel hardware.",),
        subcategory="recurrent",
        source=(
            "Hochreiter & Schmidhuber (1997), Long short-term memory, Neural Computation 9,"
            " 1735-1780"
        ),
        sensitive=True,
    ),
    Formula(
        name="gru_candidate",
        expr="tanh(matmul(W, x) + matmul(U, r * h) + b)",
        inputs=("x", "h", "r", "W", "U", "b"),
        summary=(
            "What a GRU would write: a plain cell that sees the state through the reset gate r."
        ),
        category="transform",
        domain=(
            ("x", _INPUT),
            ("h", _STATE),
            ("r", Rows(("q",), of=PROBABILITY)),
            ("W", _IN),
            ("U", _LOOP),
            ("b", _STATE),
        ),
        usage="Inside a GRU.",
        pros=("With r = 0 the past is dropped at once.",),
        cons=("Two matrix products that must wait for r.",),
        subcategory="recurrent",
        source=(
            "Cho et al. (2014), Learning phrase representations using RNN encoder-decoder, "
            "arXiv:1406.1078"
        ),
        checks=(
            at(x=(1.0,), h=(5.0,), r=(0.0,), W=((1.0,),), U=((2.0,),), b=(0.0,))(
                (0.7615941559557649,)
            ),
        ),
        sensitive=True,
    ),
    Formula(
        name="gru_state",
        expr="z * h + (1 - z) * n",
        inputs=("z", "h", "n"),
        summary="The next state of a GRU: part old state, part candidate n.",
        category="transform",
        domain=(("z", PROBABILITY), ("h", Interval(-1.0, 1.0)), ("n", Interval(-1.0, 1.0))),
        usage="Inside a GRU; z is the update gate.",
        pros=("With z = 1 state and gradient pass unchanged.",),
        cons=("Some libraries swap the roles of z and 1 − z.",),
        subcategory="recurrent",
        source=(
            "Cho et al. (2014), Learning phrase representations using RNN encoder-decoder, "
            "arXiv:1406.1078"
        ),
        checks=(at(z=0.75, h=2.0, n=-2.0)(1.0),),
        sensitive=True,
    ),
    Formula(
        name="gru_step",
        expr=(
            "(1 - 1 / (1 + exp(-(slice(matmul(W, x) + b, 0, 1, 2) + slice(matmul(U, h) + c,"
            " 0, 1, 2))))) * tanh(slice(matmul(W, x) + b, 0, 2, 3) + 1 / (1 + "
            "exp(-(slice(matmul(W, x) + b, 0, 0, 1) + slice(matmul(U, h) + c, 0, 0, 1)))) *"
            " slice(matmul(U, h) + c, 0, 2, 3)) + 1 / (1 + exp(-(slice(matmul(W, x) + b, 0,"
            " 1, 2) + slice(matmul(U, h) + c, 0, 1, 2)))) * h"
        ),
        inputs=("x", "h", "W", "U", "b", "c"),
        summary="A whole GRU step: the next state from input and state.",
        category="transform",
        stable=(
            "(1 - sigmoid(slice(matmul(W, x) + b, 0, 1, 2) + slice(matmul(U, h) + c, 0, 1, "
            "2))) * tanh(slice(matmul(W, x) + b, 0, 2, 3) + sigmoid(slice(matmul(W, x) + b,"
            " 0, 0, 1) + slice(matmul(U, h) + c, 0, 0, 1)) * slice(matmul(U, h) + c, 0, 2, "
            "3)) + sigmoid(slice(matmul(W, x) + b, 0, 1, 2) + slice(matmul(U, h) + c, 0, 1,"
            " 2)) * h"
        ),
        domain=(
            ("x", _INPUT),
            ("h", _STATE),
            ("W", Rows(("p", "q", "p"), of=_UNIT)),
            ("U", Rows(("p", "q", "q"), of=_UNIT)),
            ("b", Rows(("p", "q"), of=_UNIT)),
            ("c", Rows(("p", "q"), of=_UNIT)),
        ),
        usage=(
            "Sequences; W, U, b and c hold the reset, update and candidate parts, in this order."
        ),
        pros=("Three quarters of an LSTM's parameters.", "No separate memory."),
        cons=("Resets after the product, as PyTorch does; Cho resets the state before it.",),
        subcategory="recurrent",
        source=(
            "Cho et al. (2014), Learning phrase representations using RNN encoder-decoder, "
            "arXiv:1406.1078"
        ),
        sensitive=True,
    ),
    Formula(
        name="minimal_gated_unit",
        expr=(
            "(1 - 1 / (1 + exp(-(matmul(W, x) + matmul(U, h) + b)))) * h + 1 / (1 + "
            "exp(-(matmul(W, x) + matmul(U, h) + b))) * tanh(matmul(V, x) + matmul(R, 1 / "
            "(1 + exp(-(matmul(W, x) + matmul(U, h) + b))) * h) + c)"
        ),
        inputs=("x", "h", "W", "U", "b", "V", "R", "c"),
        summary="A recurrent step with a single gate, which both forgets and updates.",
        category="transform",
        stable=(
            "(1 - sigmoid(matmul(W, x) + matmul(U, h) + b)) * h + sigmoid(matmul(W, x) + "
            "matmul(U, h) + b) * tanh(matmul(V, x) + matmul(R, sigmoid(matmul(W, x) + "
            "matmul(U, h) + b) * h) + c)"
        ),
        domain=(
            ("x", _INPUT),
            ("h", _STATE),
            ("W", _IN),
            ("U", _LOOP),
            ("b", _STATE),
            ("V", _IN),
            ("R", _LOOP),
            ("c", _STATE),
        ),
        usage="Sequences on small devices.",
        pros=("Two thirds of a GRU's parameters.",),
        cons=("One gate must serve two purposes.",),
        subcategory="recurrent",
        source=(
            "Zhou et al. (2016), Minimal gated unit for recurrent neural networks, arXiv:1603.09420"
        ),
        sensitive=True,
    ),
    Formula(
        name="echo_state_update",
        expr="(1 - leak) * h + leak * tanh(matmul(W, x) + matmul(U, h))",
        inputs=("x", "h", "W", "U"),
        summary="The next state of a reservoir: random, fixed weights and a leak.",
        category="transform",
        params=(("leak", 0.3),),
        domain=(("x", _INPUT), ("h", _STATE), ("W", _IN), ("U", _LOOP)),
        usage="Time series with little data: only a linear read-out is trained.",
        pros=("Trains by least squares.",),
        cons=("W, U and the leak must be tuned by hand.",),
        subcategory="recurrent",
        source=(
            "Jaeger (2001), The echo state approach to analysing and training recurrent "
            "neural networks, GMD report 148"
        ),
        checks=(at(x=(0.0,), h=(1.0,), W=((1.0,),), U=((0.0,),), leak=0.25)((0.75,)),),
        sensitive=True,
    ),
    Formula(
        name="hopfield_energy",
        expr="-dot(s, matmul(W, s)) / 2 - dot(b, s)",
        inputs=("s", "W", "b"),
        summary="The energy of a network of binary units; updates never raise it.",
        category="transform",
        domain=(("s", VECTOR), ("W", SQUARE), ("b", VECTOR)),
        usage="Associative memory, and optimisation by relaxation.",
        pros=("Stored patterns are its minima.",),
        cons=("Holds only about 0.14 patterns a unit.",),
        subcategory="recurrent",
        source=(
            "Hopfield (1982), Neural networks and physical systems with emergent collective"
            " computational abilities, PNAS 79, 2554-2558"
        ),
        checks=(at(s=(1.0, -1.0), W=((0.0, 1.0), (1.0, 0.0)), b=(0.0, 0.0))(1.0),),
        sensitive=True,
    ),
    Formula(
        name="modern_hopfield_update",
        expr="matmul(softmax(beta * matmul(X, s)), X)",
        inputs=("s", "X"),
        summary="A state moved to the stored patterns (rows of X) that resemble it.",
        category="transform",
        params=(("beta", 1.0),),
        domain=(("s", _STATE), ("X", Rows(("n", "q"), of=_UNIT))),
        usage=(
            "Associative memory for continuous patterns; one head of attention is one such step."
        ),
        pros=("Stores exponentially many patterns.", "One step often suffices."),
        cons=("Small β gives averages of patterns.",),
        subcategory="recurrent",
        source="Ramsauer et al. (2020), Hopfield networks is all you need, arXiv:2008.02217",
        checks=(at(s=(0.0,), X=((1.0,), (3.0,)))((2.0,)),),
        sensitive=True,
    ),
    Formula(
        name="ode_euler_step",
        expr="h + dt * tanh(matmul(W, h) + b)",
        inputs=("h", "W", "b"),
        summary="One Euler step of a state that moves by a learned law.",
        category="transform",
        params=(("dt", 0.1),),
        domain=(("h", _STATE), ("W", _LOOP), ("b", _STATE)),
        usage="Neural differential equations; with dt = 1 it is a residual layer.",
        pros=("Depth becomes time, and can be refined.",),
        cons=("Inexact for large dt: use a better solver.",),
        subcategory="recurrent",
        source="Chen et al. (2018), Neural ordinary differential equations, arXiv:1806.07366",
        checks=(at(h=(1.0,), W=((1.0,),), b=(0.0,), dt=0.5)((1.3807970779778824,)),),
        sensitive=True,
    ),
    Formula(
        name="ctrnn_step",
        expr="h + dt / tau * (matmul(W, tanh(h)) + x - h)",
        inputs=("h", "x", "W"),
        summary="One Euler step of a continuous-time recurrent network.",
        category="transform",
        params=(("dt", 0.1), ("tau", 2.0)),
        domain=(("h", _STATE), ("x", _STATE), ("W", _LOOP)),
        usage="Models of neural circuits and controllers of robots.",
        pros=("Time constants are explicit.",),
        cons=("Small steps are needed for stability.",),
        subcategory="recurrent",
        source=(
            "Beer (1995), On the dynamics of small continuous-time recurrent neural "
            "networks, Adaptive Behavior 3, 469-509"
        ),
        checks=(at(h=(0.0,), x=(1.0,), W=((1.0,),), dt=0.5, tau=1.0)((0.5,)),),
        sensitive=True,
    ),
    Formula(
        name="lif_step",
        expr="beta * v + x - theta * step(v - theta)",
        inputs=("v", "x"),
        summary=(
            "The membrane of a leaky integrate-and-fire neuron, lowered where it has just fired."
        ),
        category="transform",
        params=(("beta", 0.9), ("theta", 1.0)),
        usage="Spiking networks.",
        pros=("Events only: cheap on neuromorphic chips.",),
        cons=("The spike has no slope: training needs a surrogate.",),
        subcategory="recurrent",
        source="Eshraghian et al. (2023), Training spiking neural networks using lessons from deep "
        "learning, Proceedings of the IEEE 111, 1016-1054",
        checks=(at(v=0.5, x=0.25)(0.7), at(v=2.0, x=0.0)(0.8)),
        sensitive=True,
    ),
    Formula(
        name="ssm_step",
        expr="exp(delta * a) * h + (exp(delta * a) - 1) / a * b * x",
        inputs=("x", "h", "a", "b", "delta"),
        summary="One step of a diagonal state space model, its input held constant in between.",
        category="transform",
        stable="exp(delta * a) * h + expm1(delta * a) / a * b * x",
        domain=(("a", Interval(-10.0, -0.001)), ("b", _UNIT), ("delta", Interval(0.001, 5.0))),
        usage="Mamba and its relatives: long sequences in linear time.",
        pros=("Stable for a < 0 at any step δ.", "Runs as a parallel scan."),
        cons=("The state forgets exponentially.",),
        subcategory="recurrent",
        source=(
            "Gu & Dao (2023), Mamba: linear-time sequence modeling with selective state "
            "spaces, arXiv:2312.00752"
        ),
        checks=(at(x=1.0, h=0.0, a=-1.0, b=1.0, delta=0.6931471805599453)(0.5),),
        aliases=("selective_ssm_step",),
        sensitive=True,
    ),
    Formula(
        name="ssm_bilinear_step",
        expr="((1 + delta * a / 2) * h + delta * b * x) / (1 - delta * a / 2)",
        inputs=("x", "h", "a", "b", "delta"),
        summary="One step of a diagonal state space model by the bilinear (Tustin) rule.",
        category="transform",
        domain=(("a", Interval(-20.0, -0.001)), ("b", _UNIT), ("delta", Interval(0.001, 5.0))),
        usage="S4 and other models with a trained step size.",
        pros=("Stable for a < 0 at any step δ.",),
        cons=("Large steps ring.",),
        subcategory="recurrent",
        source=(
            "Gu, Goel & Ré (2021), Efficiently modeling long sequences with structured "
            "state spaces, arXiv:2111.00396"
        ),
        checks=(at(x=1.0, h=1.0, a=-2.0, b=1.0, delta=1.0)(0.5),),
        sensitive=True,
        floor=1.0,
    ),
    Formula(
        name="ssm_output",
        expr="dot(c, h) + skip * x",
        inputs=("h", "c", "x"),
        summary="What a state space model shows of its state, plus a direct path.",
        category="transform",
        params=(("skip", 1.0),),
        domain=(("h", VECTOR), ("c", VECTOR), ("x", _UNIT)),
        usage="The read-out of S4 and Mamba.",
        pros=("Linear.",),
        cons=("One input and one output a state: channels need states of their own.",),
        subcategory="recurrent",
        source=(
            "Gu & Dao (2023), Mamba: linear-time sequence modeling with selective state "
            "spaces, arXiv:2312.00752"
        ),
        checks=(at(h=(1.0, 2.0), c=(3.0, -1.0), x=1.0, skip=0.5)(1.5),),
        sensitive=True,
    ),
    Formula(
        name="ssm_kernel",
        expr="sum(c * b * a ** k, -1)",
        inputs=("k", "a", "b", "c"),
        summary=(
            "The convolution that equals a diagonal state space model: its answer k steps "
            "after a pulse."
        ),
        category="transform",
        domain=(
            ("k", Rows(("n", "one"), of=Interval(0.0, 12.0, whole=True))),
            ("a", Rows(("q",), of=Interval(0.1, 0.99))),
            ("b", _STATE),
            ("c", _STATE),
        ),
        usage="Training such models on whole sequences at once.",
        pros=("A convolution by FFT instead of a loop.",),
        cons=("Only for models whose a, b, c do not depend on the input.",),
        subcategory="recurrent",
        source=(
            "Gu, Goel & Ré (2021), Efficiently modeling long sequences with structured "
            "state spaces, arXiv:2111.00396"
        ),
        checks=(at(k=((0.0,), (2.0,)), a=(0.5, 0.0), b=(2.0, 1.0), c=(1.0, 1.0))((3.0, 0.5)),),
        sensitive=True,
    ),
    Formula(
        name="rg_lru_step",
        expr="a * h + sqrt(1 - a ** 2) * i * x",
        inputs=("x", "h", "a", "i"),
        summary="A gated linear recurrence that keeps the size of its state.",
        category="transform",
        stable="a * h + sqrt((1 - a) * (1 + a)) * i * x",
        domain=(("a", Interval(0.0, 0.999)), ("i", PROBABILITY)),
        usage="Griffin and RecurrentGemma.",
        pros=("The state's variance stays 1 for any a.", "Runs as a parallel scan."),
        cons=("Needs care where a is close to 1.",),
        subcategory="recurrent",
        source=(
            "De et al. (2024), Griffin: mixing gated linear recurrences with local "
            "attention, arXiv:2402.19427"
        ),
        checks=(at(x=1.0, h=1.0, a=0.6, i=1.0)(1.4),),
        sensitive=True,
    ),
    Formula(
        name="highway_layer",
        expr=(
            "1 / (1 + exp(-(matmul(T_gate, x) + c))) * tanh(matmul(W, x) + b) + (1 - 1 / (1"
            " + exp(-(matmul(T_gate, x) + c)))) * x"
        ),
        inputs=("x", "W", "b", "T_gate", "c"),
        summary="A layer with a gate that decides how much of the input to carry past it.",
        category="transform",
        stable=(
            "sigmoid(matmul(T_gate, x) + c) * tanh(matmul(W, x) + b) + "
            "sigmoid(-matmul(T_gate, x) - c) * x"
        ),
        domain=(("x", _INPUT), ("W", _MIX), ("b", _INPUT), ("T_gate", _MIX), ("c", _INPUT)),
        usage="Very deep plain networks.",
        pros=("With the gate shut the layer is the identity.",),
        cons=("Twice the parameters of a plain layer.",),
        subcategory="layer",
        source="Srivastava, Greff & Schmidhuber (2015), Highway networks, arXiv:1505.00387",
        checks=(at(x=(2.0,), W=((1.0,),), b=(-2.0,), T_gate=((0.0,),), c=(0.0,))((1.0,)),),
        sensitive=True,
    ),
    Formula(
        name="residual_block",
        expr="x + matmul(V, max(matmul(W, x) + b, 0)) + c",
        inputs=("x", "W", "b", "V", "c"),
        summary="The input plus what a small network adds to it.",
        category="transform",
        domain=(
            ("x", _INPUT),
            ("W", _IN),
            ("b", Rows(("q",), of=Interval(0.0, 4.0))),
            ("V", Rows(("p", "q"), of=_UNIT)),
            ("c", _INPUT),
        ),
        usage="Deep networks of every kind; the adapter of a frozen model has the same form.",
        pros=("The identity is easy to learn.", "Gradients reach every layer."),
        cons=("Activations grow with depth unless normalised.",),
        subcategory="layer",
        source=("He et al. (2015), Deep residual learning for image recognition, arXiv:1512.03385"),
        checks=(at(x=(2.0,), W=((1.0,),), b=(-1.0,), V=((3.0,),), c=(0.5,))((5.5,)),),
        aliases=("bottleneck_adapter",),
        sensitive=True,
    ),
    Formula(
        name="dense_layer",
        expr="matmul(X, W) + b",
        inputs=("X", "W", "b"),
        summary="Every input feeds every unit: rows of X times weights, plus a bias.",
        category="transform",
        domain=(("X", Rows(("n", "p"))), ("W", Rows(("p", "q"))), ("b", Rows(("q",)))),
        usage="The basic layer of networks.",
        pros=("One matrix product: fast everywhere.",),
        cons=("Knows nothing of the order or place of its inputs.",),
        subcategory="layer",
        source=(
            "Rumelhart, Hinton & Williams (1986), Learning representations by back-"
            "propagating errors, Nature 323, 533-536"
        ),
        checks=(at(X=((1.0, 2.0),), W=((1.0,), (3.0,)), b=(0.5,))(((7.5,),)),),
        aliases=("affine_layer", "fully_connected"),
        sensitive=True,
    ),
    Formula(
        name="feed_forward",
        expr="matmul(max(matmul(X, W) + b, 0), V) + c",
        inputs=("X", "W", "b", "V", "c"),
        summary="Two dense layers with a ReLU between, for each position on its own.",
        category="transform",
        domain=(
            ("X", Rows(("n", "p"))),
            ("W", Rows(("p", "q"))),
            ("b", Rows(("q",))),
            ("V", Rows(("q", "p"))),
            ("c", Rows(("p",))),
        ),
        usage="The feed-forward half of a transformer block.",
        pros=("Most of a transformer's parameters and knowledge.",),
        cons=("Positions do not see each other.",),
        subcategory="layer",
        source="Vaswani et al. (2017), Attention is all you need, arXiv:1706.03762, eq. 2",
        checks=(at(X=((1.0,),), W=((2.0,),), b=(-1.0,), V=((3.0,),), c=(1.0,))(((4.0,),)),),
        sensitive=True,
    ),
    Formula(
        name="embedding_lookup",
        expr="take(E_table, index, 0)",
        inputs=("E_table", "index"),
        summary="Rows of a table, by number.",
        category="transform",
        domain=(("E_table", Rows(("q", "p"))), ("index", Rows(of=BINARY))),
        usage="Words, users, categories as vectors.",
        pros=("Costs nothing but memory traffic.",),
        cons=("A row is trained only when its number occurs.",),
        subcategory="layer",
        source="Bengio et al. (2003), A neural probabilistic language model, JMLR 3, 1137-1155",
        checks=(at(E_table=((1.0, 2.0), (3.0, 4.0)), index=(1.0, 0.0))(((3.0, 4.0), (1.0, 2.0))),),
    ),
    Formula(
        name="dense_params",
        expr="n_in * n_out + n_out",
        inputs=("n_in", "n_out"),
        summary="Weights and biases of a dense layer.",
        category="transform",
        domain=(("n_in", _WIDTH), ("n_out", _WIDTH)),
        usage="Planning the memory of a network.",
        pros=("Exact.",),
        cons=("Without a bias it is n_out fewer.",),
        subcategory="size",
        source="Goodfellow, Bengio & Courville (2016), Deep learning, MIT Press",
        checks=(at(n_in=3.0, n_out=2.0)(8.0),),
        sensitive=True,
    ),
    Formula(
        name="conv2d_params",
        expr="c_out * (c_in * kernel_h * kernel_w + 1)",
        inputs=("c_in", "c_out", "kernel_h", "kernel_w"),
        summary="Weights and biases of a two-dimensional convolution.",
        category="transform",
        domain=(("c_in", _WIDTH), ("c_out", _WIDTH), ("kernel_h", _KERNEL), ("kernel_w", _KERNEL)),
        usage="Planning the memory of a network.",
        pros=("Does not depend on the size of the picture.",),
        cons=("Grouped convolutions have fewer weights.",),
        subcategory="size",
        source=(
            "Dumoulin & Visin (2016), A guide to convolution arithmetic for deep learning, "
            "arXiv:1603.07285"
        ),
        checks=(at(c_in=3.0, c_out=64.0, kernel_h=7.0, kernel_w=7.0)(9472.0),),
        sensitive=True,
    ),
    Formula(
        name="lstm_params",
        expr="4 * (n_hidden * (n_hidden + n_in) + n_hidden)",
        inputs=("n_in", "n_hidden"),
        summary="Weights and biases of an LSTM layer.",
        category="transform",
        domain=(("n_in", _WIDTH), ("n_hidden", _WIDTH)),
        usage="Planning the memory of a network.",
        pros=("Does not depend on the length of the sequence.",),
        cons=("Libraries with two biases a gate have 4 n_hidden more.",),
        subcategory="size",
        source=(
            "Hochreiter & Schmidhuber (1997), Long short-term memory, Neural Computation 9,"
            " 1735-1780"
        ),
        checks=(at(n_in=3.0, n_hidden=2.0)(48.0),),
        sensitive=True,
    ),
    Formula(
        name="gru_params",
        expr="3 * (n_hidden * (n_hidden + n_in) + n_hidden)",
        inputs=("n_in", "n_hidden"),
        summary="Weights and biases of a GRU layer.",
        category="transform",
        domain=(("n_in", _WIDTH), ("n_hidden", _WIDTH)),
        usage="Planning the memory of a network.",
        pros=("Three quarters of an LSTM.",),
        cons=("Libraries with two biases a gate have 3 n_hidden more.",),
        subcategory="size",
        source=(
            "Cho et al. (2014), Learning phrase representations using RNN encoder-decoder, "
            "arXiv:1406.1078"
        ),
        checks=(at(n_in=3.0, n_hidden=2.0)(36.0),),
        sensitive=True,
    ),
    Formula(
        name="attention_params",
        expr="4 * d_model ** 2 + 4 * d_model",
        inputs=("d_model",),
        summary="Weights and biases of the four projections of multi-head attention.",
        category="transform",
        domain=(("d_model", _WIDTH),),
        usage="Planning the memory of a transformer.",
        pros=("Does not depend on the number of heads.",),
        cons=("Grouped keys and values need fewer.",),
        subcategory="size",
        source="Vaswani et al. (2017), Attention is all you need, arXiv:1706.03762",
        checks=(at(d_model=512.0)(1050624.0),),
        sensitive=True,
    ),
    Formula(
        name="conv2d_flops",
        expr="2 * c_in * c_out * kernel ** 2 * h_out * w_out",
        inputs=("c_in", "c_out", "kernel", "h_out", "w_out"),
        summary=(
            "Multiplications and additions of a two-dimensional convolution with a square kernel."
        ),
        category="transform",
        domain=(
            ("c_in", _WIDTH),
            ("c_out", _WIDTH),
            ("kernel", _KERNEL),
            ("h_out", _WIDTH),
            ("w_out", _WIDTH),
        ),
        usage="Comparing the cost of layers.",
        pros=("Independent of the machine.",),
        cons=("Leaves out biases. Says little about time where memory is the limit.",),
        subcategory="size",
        source=(
            "Molchanov et al. (2016), Pruning convolutional neural networks for resource "
            "efficient inference, arXiv:1611.06440"
        ),
        checks=(at(c_in=1.0, c_out=2.0, kernel=3.0, h_out=4.0, w_out=5.0)(720.0),),
        sensitive=True,
    ),
)
