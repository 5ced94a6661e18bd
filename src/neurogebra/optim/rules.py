"""The update rules: from a gradient and the rule's own memory to a change of the weights.

Every rule is rule(g, s, t, *, lr, …) → (change, new s): g the gradient, s the memory by slot
name (empty before the first step, where every slot counts as 0), t the count of steps from 1,
lr the learning rate. Rules whose decay acts on the weights themselves take them as `w`.
"""

from __future__ import annotations

from neurogebra.optim.adam import adam, adamax, adamw, amsgrad, nadam, radam
from neurogebra.optim.momenta import lion, momentum, nesterov, sgd
from neurogebra.optim.record import PARAMETER, Optimizer
from neurogebra.optim.scaled import adadelta, adagrad, rmsprop
from neurogebra.optim.shaped import lamb, muon
from neurogebra.registry import Registry

OPTIMIZERS: Registry[Optimizer] = Registry(
    "optimizer",
    (
        Optimizer("sgd", sgd, "Robbins & Monro 1951"),
        Optimizer("momentum", momentum, "Polyak 1964"),
        Optimizer("nesterov", nesterov, "Sutskever et al. 2013", ("nag",)),
        Optimizer("adagrad", adagrad, "Duchi, Hazan & Singer 2011"),
        Optimizer("adadelta", adadelta, "Zeiler 2012"),
        Optimizer("rmsprop", rmsprop, "Tieleman & Hinton 2012"),
        Optimizer("adam", adam, "Kingma & Ba 2015"),
        Optimizer("adamax", adamax, "Kingma & Ba 2015"),
        Optimizer("amsgrad", amsgrad, "Reddi, Kale & Kumar 2018"),
        Optimizer("nadam", nadam, "Dozat 2016"),
        Optimizer("radam", radam, "Liu et al. 2020"),
        Optimizer("adamw", adamw, "Loshchilov & Hutter 2019"),
        Optimizer("lion", lion, "Chen et al. 2023"),
        Optimizer("lamb", lamb, "You et al. 2020", per=PARAMETER),
        Optimizer("muon", muon, "Jordan et al. 2024; Liu et al. 2025", per=PARAMETER),
    ),
)
