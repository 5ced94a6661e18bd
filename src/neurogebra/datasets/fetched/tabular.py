"""Tables that are fetched."""

from __future__ import annotations

from neurogebra.datasets.fetched.parts import (
    AT_OPENML,
    FIGSHARE,
    PINNED,
    UNSEEN,
    file,
    label,
    listed,
    numbers,
    words,
)
from neurogebra.datasets.record import Column, Dataset, Provenance
from neurogebra.datasets.remote import Remote

_KDD_NUMBERS = listed("""
    src_bytes dst_bytes land wrong_fragment urgent hot num_failed_logins logged_in
    num_compromised root_shell su_attempted num_root num_file_creations num_shells
    num_access_files num_outbound_cmds is_host_login is_guest_login count srv_count serror_rate
    srv_serror_rate rerror_rate srv_rerror_rate same_srv_rate diff_srv_rate srv_diff_host_rate
    dst_host_count dst_host_srv_count dst_host_same_srv_rate dst_host_diff_srv_rate
    dst_host_same_src_port_rate dst_host_srv_diff_host_rate dst_host_serror_rate
    dst_host_srv_serror_rate dst_host_rerror_rate dst_host_srv_rerror_rate""")
_ATTACKS = {
    "back": 2203, "buffer_overflow": 30, "ftp_write": 8, "guess_passwd": 53, "imap": 12,
    "ipsweep": 1247, "land": 21, "loadmodule": 9, "multihop": 7, "neptune": 107201, "nmap": 231,
    "normal": 97278, "perl": 3, "phf": 4, "pod": 264, "portsweep": 1040, "rootkit": 10,
    "satan": 1589, "smurf": 280790, "spy": 2, "teardrop": 979, "warezclient": 1020,
    "warezmaster": 20,
}  # fmt: skip
_MUSHROOM = listed("""
    cap_shape cap_surface cap_color bruises odor gill_attachment gill_spacing gill_size
    gill_color stalk_shape stalk_root stalk_surface_above_ring stalk_surface_below_ring
    stalk_color_above_ring stalk_color_below_ring veil_type veil_color ring_number ring_type
    spore_print_color population habitat""")
_UCI = "CC-BY-4.0 (UCI {})"

COVTYPE = Dataset(
    id="covtype",
    title="Forest cover types",
    summary="Maps of 581 012 patches of wilderness; which of seven kinds of forest covers each.",
    category="classification",
    task="multiclass",
    origin="observed",
    licence=_UCI.format(31),
    n_samples=581_012,
    features=numbers(
        "elevation",
        "aspect",
        "slope",
        "horizontal_distance_to_hydrology",
        "vertical_distance_to_hydrology",
        "horizontal_distance_to_roadways",
        "hillshade_9am",
        "hillshade_noon",
        "hillshade_3pm",
        "horizontal_distance_to_fire_points",
        *(f"wilderness_area_{i}" for i in range(1, 5)),
        *(f"soil_type_{i}" for i in range(1, 41)),
    ),
    target=label("cover_type", "1234567", (211840, 283301, 35754, 2747, 9493, 17367, 20510)),
    provenance=Provenance(
        who="J. Blackard, D. Dean, C. Anderson",
        where="Roosevelt National Forest",
        year=1998,
        uci=31,
    ),
    cautions=("neighbouring patches are alike: a random split flatters", UNSEEN),
    use_cases=("large tables", "rare classes"),
    difficulty=3,
    remote=Remote(
        reader="headless",
        instead="satimage",
        files=file(
            "covtype.data.gz",
            FIGSHARE + "5976039",
            "614360d0257557dd1792834a85a1cdebfadc3c4f30b011d56afee7ffb5b15771",
        ),
    ),
)
KDDCUP99 = Dataset(
    id="kddcup99_10pct",
    title="KDD Cup 1999, ten per cent",
    summary="Connections in a simulated military network; which are attacks, and of which kind.",
    category="classification",
    task="multiclass",
    origin="simulated",
    licence=_UCI.format(130),
    n_samples=494_021,
    features=(
        *numbers("duration"),
        *words("protocol_type", "service", "flag"),
        *numbers(*_KDD_NUMBERS),
    ),
    target=label("attack", _ATTACKS, _ATTACKS.values()),
    provenance=Provenance(
        who="S. Stolfo and others; MIT Lincoln Laboratory",
        where="simulated network",
        year=1999,
        uci=130,
    ),
    cautions=(
        "most rows are copies of others: a random split puts the same row in both parts",
        "the traffic was simulated and says little about real networks",
        UNSEEN,
    ),
    use_cases=("large tables", "very rare classes"),
    difficulty=3,
    aliases=("kddcup99",),
    remote=Remote(
        reader="headless",
        instead="spambase",
        files=file(
            "kddcup99_10_data.gz",
            FIGSHARE + "5976042",
            "8045aca0d84e70e622d1148d7df782496f6333bf6eb979a1b0837c42a9fd9561",
        ),
    ),
)
BANK_MARKETING = Dataset(
    id="bank_marketing",
    title="Bank marketing",
    summary="Telephone calls of a Portuguese bank; whether the customer took the deposit.",
    category="classification",
    task="binary",
    origin="observed",
    licence=_UCI.format(222),
    n_samples=45_211,
    features=(
        *numbers("age"),
        *words("job", "marital", "education", "default"),
        *numbers("balance"),
        *words("housing", "loan", "contact"),
        *numbers("day"),
        *words("month"),
        *numbers("campaign", "pdays", "previous"),
        *words("poutcome"),
    ),
    other_targets=numbers("duration"),
    target=label("y", ("no", "yes"), (39922, 5289)),
    provenance=Provenance(who="S. Moro, P. Cortez, P. Rita", where="Portugal", year=2014, uci=222),
    cautions=(
        "duration is known only when the call is over, and is kept out of the inputs",
        "pdays is -1 for a customer who was never called before",
        PINNED,
    ),
    use_cases=("mixed types", "unbalanced classes"),
    difficulty=2,
    remote=Remote(
        reader="bank",
        instead="adult",
        files=file(
            "bank+marketing.zip",
            "https://archive.ics.uci.edu/static/public/222/bank+marketing.zip",
            "e0bf5f5de5b846e2f18e9d90606637267d46dfa260e0f17bb12e605db5efbeb4",
        ),
    ),
)
MUSHROOM = Dataset(
    id="mushroom",
    title="Mushrooms",
    summary="What 8 124 gilled mushrooms look and smell like; edible or poisonous.",
    category="classification",
    task="binary",
    origin="simulated",
    licence=_UCI.format(73),
    n_samples=8124,
    features=words(*_MUSHROOM),
    target=label("class", "ep", (4208, 3916)),
    provenance=Provenance(
        who="J. Schlimmer, after the Audubon Society's field guide",
        where="North America",
        year=1987,
        uci=73,
    ),
    cautions=(
        "made-up samples after the descriptions of 23 species; never eat by it",
        "stalk_root is missing in 2 480 rows",
        AT_OPENML,
    ),
    use_cases=("categories only", "rules"),
    remote=Remote(files=(), reader="openml", instead="chess_krkp", openml=24, version=1),
)
SHUTTLE = Dataset(
    id="shuttle",
    title="Shuttle",
    summary="Nine readings from a space shuttle's radiator; which of seven states it is in.",
    category="classification",
    task="multiclass",
    origin="observed",
    licence=_UCI.format(148),
    n_samples=58_000,
    features=numbers(*(f"A{i}" for i in range(1, 10))),
    target=label("class", "1234567", (45586, 50, 171, 8903, 3267, 10, 13)),
    provenance=Provenance(who="NASA; J. Catlett", where="University of Sydney", year=1992, uci=148),
    cautions=("four rows in five are of one class", AT_OPENML),
    use_cases=("very rare classes",),
    difficulty=2,
    remote=Remote(files=(), reader="openml", instead="satimage", openml=40685, version=1),
)
STUDENTS = Dataset(
    id="student_performance",
    title="Student performance (Portuguese)",
    summary="Home, school and habits of 649 pupils; their final grade.",
    category="regression",
    task="regression",
    origin="observed",
    licence=_UCI.format(320),
    n_samples=649,
    features=(
        *words("school", "sex"),
        *numbers("age"),
        *words("address", "famsize", "Pstatus"),
        *numbers("Medu", "Fedu"),
        *words("Mjob", "Fjob", "reason", "guardian"),
        *numbers("traveltime", "studytime", "failures"),
        *words(
            "schoolsup", "famsup", "paid", "activities", "nursery", "higher", "internet", "romantic"
        ),
        *numbers("famrel", "freetime", "goout", "Dalc", "Walc", "health", "absences"),
    ),
    other_targets=numbers("G1", "G2"),
    target=Column(name="G3", kind="numeric", range=(0.0, 19.0)),
    provenance=Provenance(who="P. Cortez, A. Silva", where="Portugal", year=2008, uci=320),
    cautions=(
        "G1 and G2 are earlier grades in the same year, and are kept out of the inputs",
        AT_OPENML,
    ),
    use_cases=("mixed types", "noisy regression"),
    difficulty=3,
    remote=Remote(files=(), reader="openml", instead="communities", openml=42351),
)
FRAUD = Dataset(
    id="creditcard_fraud",
    title="Credit card fraud",
    summary="Two days of card payments as principal components; which were fraud.",
    category="classification",
    task="binary",
    origin="observed",
    licence="DbCL-1.0",
    n_samples=284_807,
    features=numbers(*(f"V{i}" for i in range(1, 29)), "Amount"),
    target=label("Class", "01", (284_315, 492)),
    provenance=Provenance(who="Worldline; Machine Learning Group, ULB", where="Europe", year=2013),
    cautions=(
        "one row in 579 is fraud: accuracy says nothing",
        "what V1 to V28 mean is secret; the time of the payment is left out",
        AT_OPENML,
    ),
    use_cases=("very unbalanced classes", "anomaly detection"),
    difficulty=4,
    remote=Remote(files=(), reader="openml", instead="credit_default", openml=1597, version=1),
)
TABULAR: tuple[Dataset, ...] = (
    COVTYPE,
    KDDCUP99,
    BANK_MARKETING,
    MUSHROOM,
    SHUTTLE,
    STUDENTS,
    FRAUD,
)
