"""Documented names whose formula cannot take the documented inputs and parameters, and why.

Name → (what differs, the reason). "-a": the documented `a` is not there; "a as input": what
was a parameter with a default has to be given; "+a": a further input has to be given.
"""

_VECTORS = "a formula of vectors: what was asked for as a number is worked out from them"
_ROW = "a softmax is of a whole row of scores: y was a stand-in for the others"
_STATE = "the state of the optimiser, of the smoother or of the series: an input that changes"
_WHOLE = "a whole step: the estimates m_hat and v_hat follow from gradient, moments and t"
_DENSITY = "a density is one at a point: x was missing"
_COEFFICIENT = "found from the vectors before: as a default of 0 it would hide b"

DEVIATIONS = {
    "cosine_similarity": ({"-dot_xy", "-norm_x", "-norm_y", "+x", "+y"}, _VECTORS),
    "chebyshev_dist": ({"-a", "-b"}, _VECTORS),
    "gradient_clip_norm": ({"-grad_norm"}, _VECTORS),
    "l2_normalize": ({"-norm_l2"}, _VECTORS),
    "max_abs_scale": ({"-max_abs"}, _VECTORS),
    "softmax_score": ({"-y"}, _ROW),
    "log_softmax_score": ({"-y"}, _ROW),
    "uniform_pdf": ({"+x"}, _DENSITY),
    "orthogonal_residual_elem": ({"proj_coeff as input"}, _COEFFICIENT),
    "momentum_step": ({"v as input"}, _STATE),
    "nesterov_step": ({"v as input", "-grad_lookahead", "+grad"}, _STATE),
    "adagrad_step": ({"G as input"}, _STATE),
    "rmsprop_step": ({"v_rms as input"}, _STATE),
    "adam_m_update": ({"m as input"}, _STATE),
    "adam_v_update": ({"v_adam as input"}, _STATE),
    "exponential_smoothing": ({"s_prev as input"}, _STATE),
    "difference_transform": ({"x_prev as input"}, _STATE),
    "log_return": ({"x_prev as input"}, _STATE),
    "adam_step": ({"-m_hat", "-v_hat", "+grad", "+m", "+v", "+t"}, _WHOLE),
    "adamw_step": ({"-m_hat", "-v_hat", "+grad", "+m", "+v", "+t"}, _WHOLE),
}
