"""Sets of texts that are fetched."""

from __future__ import annotations

from neurogebra.datasets.fetched.parts import FIGSHARE, PINNED, PLAIN_HTTP, UNSEEN, file, label
from neurogebra.datasets.record import Column, Dataset, Parts, Provenance
from neurogebra.datasets.remote import Remote

_TEXT = (Column(name="text", kind="text"),)
_GROUPS = {
    "alt.atheism": 799, "comp.graphics": 973, "comp.os.ms-windows.misc": 985,
    "comp.sys.ibm.pc.hardware": 982, "comp.sys.mac.hardware": 963, "comp.windows.x": 988,
    "misc.forsale": 975, "rec.autos": 990, "rec.motorcycles": 996, "rec.sport.baseball": 994,
    "rec.sport.hockey": 999, "sci.crypt": 991, "sci.electronics": 984, "sci.med": 990,
    "sci.space": 987, "soc.religion.christian": 997, "talk.politics.guns": 910,
    "talk.politics.mideast": 940, "talk.politics.misc": 775, "talk.religion.misc": 628,
}  # fmt: skip

NEWSGROUPS = Dataset(
    id="twenty_newsgroups",
    title="Twenty newsgroups (by date)",
    summary="18 846 messages to twenty Usenet groups, headers and all; which group.",
    category="text",
    task="text_multiclass",
    origin="observed",
    licence="no licence is stated; the senders keep their rights",
    n_samples=18_846,
    features=_TEXT,
    target=label("group", _GROUPS, _GROUPS.values()),
    provenance=Provenance(who="K. Lang; J. Rennie", where="Usenet", year=1995),
    cautions=("headers, quotes and signatures give the group away", UNSEEN),
    use_cases=("topics", "bag of words"),
    difficulty=3,
    official=Parts(train=((0, 11_314),), test=((11_314, 18_846),)),
    aliases=("20newsgroups",),
    remote=Remote(
        reader="newsgroups",
        instead="sentences_imdb",
        files=file(
            "20news-bydate.tar.gz",
            FIGSHARE + "5975967",
            "8f1b2514ca22a5ade8fbb9cfa5727df95fa587f4c87b786e15c759fa66d95610",
        ),
    ),
)
SMS_SPAM = Dataset(
    id="sms_spam",
    title="SMS spam collection",
    summary="5 574 short messages in English; spam or not.",
    category="text",
    task="text_binary",
    origin="observed",
    licence="CC-BY-4.0 (UCI 228)",
    n_samples=5574,
    features=_TEXT,
    target=label("label", ("ham", "spam"), (4827, 747)),
    provenance=Provenance(
        who="T. Almeida, J. Gómez Hidalgo", where="United Kingdom, Singapore", year=2011, uci=228
    ),
    cautions=("several messages stand in it more than once", PINNED),
    use_cases=("spam filter", "bag of words"),
    difficulty=2,
    remote=Remote(
        reader="sms",
        instead="spambase",
        files=file(
            "sms+spam+collection.zip",
            "https://archive.ics.uci.edu/static/public/228/sms+spam+collection.zip",
            "1587ea43e58e82b14ff1f5425c88e17f8496bfcdb67a583dbff9eefaf9963ce3",
        ),
    ),
)
IMDB = Dataset(
    id="imdb_reviews",
    title="IMDb film reviews",
    summary="50 000 film reviews with a clear verdict; negative or positive.",
    category="text",
    task="text_binary",
    origin="observed",
    licence="no licence is stated; meant for research",
    n_samples=50_000,
    features=_TEXT,
    target=label("sentiment", ("neg", "pos"), 25_000),
    provenance=Provenance(who="A. Maas and others", where="imdb.com; Stanford", year=2011),
    cautions=("reviews without a clear verdict were left out by the source", PLAIN_HTTP, UNSEEN),
    use_cases=("sentiment",),
    difficulty=3,
    official=Parts(train=((0, 25_000),), test=((25_000, 50_000),)),
    aliases=("imdb",),
    remote=Remote(
        reader="imdb",
        instead="sentences_imdb",
        files=file(
            "aclImdb_v1.tar.gz",
            "http://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz",
            "c40f74a18d3b61f90feba1e17730e0d38e8b97c05fde7008942e91923d1658fe",
            84125825,
        ),
    ),
)
SENTIMENT140 = Dataset(
    id="sentiment140",
    title="Sentiment140",
    summary="1.6 million tweets; negative or positive by the smiley that stood in them.",
    category="text",
    task="text_binary",
    origin="observed",
    licence="research only",
    n_samples=1_600_000,
    features=_TEXT,
    target=Column(
        name="polarity",
        kind="categorical",
        categories=("0", "4"),
        counts=(800_000, 800_000),
        labels=(("0", "negative"), ("4", "positive")),
    ),
    provenance=Provenance(who="A. Go, R. Bhayani, L. Huang", where="Twitter", year=2009),
    cautions=(
        "the answers are smileys, not judgements; texts of real people",
        "the file is in order of its answers",
        PLAIN_HTTP,
        UNSEEN,
    ),
    use_cases=("sentiment", "noisy answers"),
    difficulty=4,
    remote=Remote(
        reader="sentiment",
        instead="sentences_imdb",
        files=file(
            "trainingandtestdata.zip",
            "http://cs.stanford.edu/people/alecmgo/trainingandtestdata.zip",
            "004a3772c8a7ff9bbfeb875880f47f0679d93fc63e5cf9cff72d54a8a6162e57",
            81363704,
        ),
    ),
)
SPAMASSASSIN = Dataset(
    id="spamassassin",
    title="SpamAssassin public mail corpus",
    summary="6 046 e-mails; spam or not. It cannot be fetched: see its cautions.",
    category="text",
    task="text_binary",
    origin="observed",
    licence="PDDL/CC0 as stated by stdlib; the senders keep their copyright",
    n_samples=6046,
    features=_TEXT,
    target=Column(name="label", kind="categorical", categories=("ham", "spam")),
    provenance=Provenance(who="J. Mason; Apache SpamAssassin", where="donated mail", year=2002),
    cautions=("no address is known whose bytes have a checked hash: loading it is refused",),
    use_cases=("spam filter",),
    difficulty=2,
    remote=Remote(
        files=(),
        reader="",
        instead="spambase",
        missing="no address is known whose bytes have a checked hash",
    ),
)
TEXTS: tuple[Dataset, ...] = (NEWSGROUPS, SMS_SPAM, IMDB, SENTIMENT140, SPAMASSASSIN)
