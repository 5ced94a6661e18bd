"""Sets of images that are fetched."""

from __future__ import annotations

from neurogebra.datasets.fetched.parts import (
    FIGSHARE,
    PLAIN_HTTP,
    UNSEEN,
    file,
    four,
    label,
    listed,
    pixels,
)
from neurogebra.datasets.record import Column, Dataset, Parts, Provenance
from neurogebra.datasets.remote import Remote

_DIGITS = tuple("0123456789")
_SIXTY_TEN = Parts(train=((0, 60_000),), test=((60_000, 70_000),))
_FIFTY_TEN = Parts(train=((0, 50_000),), test=((50_000, 60_000),))
_CLOTHES = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker",
            "Bag", "Ankle boot")  # fmt: skip
_CIFAR10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship",
            "truck")  # fmt: skip
_CIFAR100 = listed(
    """apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus
    butterfly camel can castle caterpillar cattle chair chimpanzee clock cloud cockroach couch
    crab crocodile cup dinosaur dolphin elephant flatfish forest fox girl hamster house kangaroo
    keyboard lamp lawn_mower leopard lion lizard lobster man maple_tree motorcycle mountain mouse
    mushroom oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree plain plate poppy
    porcupine possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk skyscraper
    snail snake spider squirrel streetcar sunflower sweet_pepper table tank telephone television
    tiger tractor train trout tulip turtle wardrobe whale willow_tree wolf woman worm"""
)
_KRIZHEVSKY = Provenance(
    who="A. Krizhevsky, V. Nair, G. Hinton", where="University of Toronto", year=2009
)
_NO_LICENCE = "no licence is stated; meant for research"
_SLOW = "its one host has throttled to 55-85 kB/s since June 2026: it may take an hour"

FASHION_MNIST = Dataset(
    id="fashion_mnist",
    title="Fashion-MNIST",
    summary="Pictures of clothes from a shop, 28x28 grey levels, ten kinds, 70 000 images.",
    category="image",
    task="multiclass",
    origin="observed",
    licence="MIT (Zalando)",
    n_samples=70_000,
    features=pixels(28, 28),
    target=label("garment", _CLOTHES, 7000),
    provenance=Provenance(who="H. Xiao, K. Rasul, R. Vollgraf", where="Zalando", year=2017),
    cautions=(PLAIN_HTTP, UNSEEN),
    use_cases=("image classification", "harder drop-in for MNIST"),
    difficulty=2,
    official=_SIXTY_TEN,
    remote=Remote(
        reader="idx",
        instead="mnist",
        files=four(
            (
                "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
                "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
            ),
            (26421880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
            (29515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
            (4422102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
            (5148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
        ),
    ),
)
KMNIST = Dataset(
    id="kmnist",
    title="Kuzushiji-MNIST",
    summary="Cursive Japanese characters from old books, 28x28 grey levels, 70 000 images.",
    category="image",
    task="multiclass",
    origin="observed",
    licence="CC-BY-SA-4.0",
    n_samples=70_000,
    features=pixels(28, 28),
    target=label("character", listed("お き す つ な は ま や れ を"), 7000),
    provenance=Provenance(
        who="T. Clanuwat, M. Bober-Irizar, A. Kitamoto, A. Lamb, K. Yamamoto, D. Ha",
        where="Japan (ROIS-DS CODH)",
        year=2018,
    ),
    cautions=(PLAIN_HTTP, UNSEEN),
    use_cases=("image classification", "several ways to write one class"),
    difficulty=2,
    official=_SIXTY_TEN,
    remote=Remote(
        reader="idx",
        instead="mnist",
        files=four(
            ("http://codh.rois.ac.jp/kmnist/dataset/kmnist/",),
            (18165135, "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4"),
            (29497, "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17"),
            (3041136, "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5"),
            (5120, "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c"),
        ),
    ),
)
CIFAR10 = Dataset(
    id="cifar10",
    title="CIFAR-10",
    summary="Small colour photographs of ten kinds of things, 32x32, 60 000 images.",
    category="image",
    task="multiclass",
    origin="observed",
    licence=_NO_LICENCE,
    n_samples=60_000,
    features=pixels(32, 32, 3),
    target=label("class", _CIFAR10, 6000),
    provenance=_KRIZHEVSKY,
    cautions=(_SLOW, UNSEEN),
    use_cases=("convolutional networks", "colour images"),
    difficulty=3,
    official=_FIFTY_TEN,
    remote=Remote(
        reader="cifar",
        instead="mnist",
        files=file(
            "cifar-10-binary.tar.gz",
            "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
            "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
            170052171,
        ),
    ),
)
CIFAR100 = Dataset(
    id="cifar100",
    title="CIFAR-100",
    summary="Small colour photographs of a hundred kinds of things, 32x32, 60 000 images.",
    category="image",
    task="multiclass",
    origin="observed",
    licence=_NO_LICENCE,
    n_samples=60_000,
    features=pixels(32, 32, 3),
    target=label("fine_class", _CIFAR100, 600),
    provenance=_KRIZHEVSKY,
    cautions=(_SLOW, UNSEEN),
    use_cases=("many classes", "colour images"),
    difficulty=4,
    official=_FIFTY_TEN,
    remote=Remote(
        reader="cifar",
        instead="mnist",
        files=file(
            "cifar-100-binary.tar.gz",
            "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",
            "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
            168513733,
        ),
    ),
)
SVHN = Dataset(
    id="svhn_cropped",
    title="Street View House Numbers (cropped digits)",
    summary="Digits of house numbers in colour photographs, 32x32, 99 289 images.",
    category="image",
    task="multiclass",
    origin="observed",
    licence="non-commercial research",
    n_samples=99_289,
    features=pixels(32, 32, 3),
    target=label("digit", _DIGITS, (6692, 18960, 14734, 11379, 9981, 9266, 7704, 7614, 6705, 6254)),
    provenance=Provenance(
        who="Y. Netzer, T. Wang, A. Coates, A. Bissacco, B. Wu, A. Y. Ng",
        where="Google Street View; Stanford",
        year=2011,
    ),
    cautions=("neighbouring digits stand in the picture as well", PLAIN_HTTP, UNSEEN),
    use_cases=("image classification", "cluttered digits"),
    difficulty=3,
    official=Parts(train=((0, 73_257),), test=((73_257, 99_289),)),
    aliases=("svhn",),
    remote=Remote(
        reader="svhn",
        instead="mnist",
        files=(
            *file(
                "train_32x32.mat",
                "http://ufldl.stanford.edu/housenumbers/train_32x32.mat",
                "435e94d69a87fde4fd4d7f3dd208dfc32cb6ae8af2240d066de1df7508d083b8",
                182040794,
            ),
            *file(
                "test_32x32.mat",
                "http://ufldl.stanford.edu/housenumbers/test_32x32.mat",
                "cdce80dfb2a2c4c6160906d0bd7c68ec5a99d7ca4831afa54f09182025b6a75b",
                64275384,
            ),
        ),
    ),
)
ALPHA_DIGITS = Dataset(
    id="binary_alpha_digits",
    title="Binary alpha-digits",
    summary="Black and white digits and capital letters, 20x16, 39 copies of each of 36.",
    category="image",
    task="multiclass",
    origin="observed",
    licence="no licence is stated (S. Roweis)",
    n_samples=1404,
    features=pixels(20, 16),
    target=label("character", "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", 39),
    provenance=Provenance(who="S. Roweis", where="New York University", year=2003),
    cautions=(UNSEEN,),
    use_cases=("many classes, few examples",),
    difficulty=2,
    remote=Remote(
        reader="alpha_digits",
        instead="optdigits",
        files=file(
            "binaryalphadigs.mat",
            "https://cs.nyu.edu/~roweis/data/binaryalphadigs.mat",
            "3ee9392e64e4e3bb7b35502b69bf2555a0b4197c1b31048c4189b84bc0bc6ea7",
            532304,
        ),
    ),
)
OMNIGLOT = Dataset(
    id="omniglot_small",
    title="Omniglot (first small background set)",
    summary="Characters of five alphabets, each drawn by twenty people, 105x105.",
    category="image",
    task="multiclass",
    origin="observed",
    licence="MIT",
    n_samples=2720,
    features=pixels(105, 105),
    target=Column(name="character", kind="categorical"),
    provenance=Provenance(
        who="B. Lake, R. Salakhutdinov, J. Tenenbaum", where="drawn online", year=2015
    ),
    cautions=(
        "twenty pictures of each class: meant for learning from few examples",
        "its classes are its folders (alphabet/character) in the order of their names",
        UNSEEN,
    ),
    use_cases=("few-shot learning",),
    difficulty=4,
    remote=Remote(
        reader="omniglot",
        instead="optdigits",
        files=file(
            "images_background_small1.zip",
            "https://github.com/brendenlake/omniglot/raw/master/python/"
            "images_background_small1.zip",
            "f38eb80f801274ac2b4dff5b24289016bfaba4a7d5bb50deebf27104ad6cb8a4",
            1319022,
        ),
    ),
)
DSPRITES = Dataset(
    id="dsprites",
    title="dSprites",
    summary="Rendered squares, ellipses and hearts in all places, sizes and turns, 64x64.",
    category="image",
    task="multiclass",
    origin="rendered",
    licence="Apache-2.0",
    n_samples=737_280,
    features=pixels(64, 64),
    target=label("shape", ("square", "ellipse", "heart"), 245_760),
    provenance=Provenance(
        who="L. Matthey, I. Higgins, D. Hassabis, A. Lerchner", where="DeepMind", year=2017
    ),
    cautions=(
        "3 GB of pixels in memory, 12 GB as float32: ask for n_samples",
        "rendered from six known quantities; the shape is taken as the answer",
        UNSEEN,
    ),
    use_cases=("disentangled representations",),
    difficulty=4,
    remote=Remote(
        reader="dsprites",
        instead="digits",
        files=file(
            "dsprites.hdf5",
            "https://github.com/deepmind/dsprites-dataset/blob/master/"
            "dsprites_ndarray_co1sh3sc6or40x32y32_64x64.hdf5?raw=true",
            "729fa22e884c9c500e1f17415d580746b4c5894fbbb780a1319bbcfa39a745bb",
            28024106,
        ),
    ),
)
OLIVETTI = Dataset(
    id="olivetti_faces",
    title="Olivetti faces",
    summary="Ten pictures of each of forty faces, 64x64 grey levels.",
    category="image",
    task="multiclass",
    origin="observed",
    licence="no licence is stated (AT&T Laboratories Cambridge)",
    n_samples=400,
    features=pixels(64, 64),
    target=label("person", (str(i) for i in range(40)), 10),
    provenance=Provenance(who="F. Samaria, A. Harter", where="Cambridge, England", year=1994),
    cautions=("pictures of real people; its host has refused downloads at times", UNSEEN),
    use_cases=("eigenfaces",),
    difficulty=2,
    remote=Remote(
        reader="olivetti",
        instead="optdigits",
        files=file(
            "olivettifaces.mat",
            FIGSHARE + "5976027",
            "b612fb967f2dc77c9c62d3e1266e0c73d5fca46a4b8906c18e454d41af987794",
        ),
    ),
)
LFW = Dataset(
    id="lfw",
    title="Labeled Faces in the Wild (funneled)",
    summary="13 233 press photographs of 5 749 people, 250x250 in colour.",
    category="image",
    task="multiclass",
    origin="observed",
    licence="research only",
    n_samples=13_233,
    features=pixels(250, 250, 3),
    target=Column(name="person", kind="categorical"),
    provenance=Provenance(
        who="G. Huang, M. Ramesh, T. Berg, E. Learned-Miller",
        where="news photographs; University of Massachusetts",
        year=2007,
    ),
    cautions=(
        "real people who were not asked; most of them have one picture",
        "2.5 GB of pixels in memory, 10 GB as float32: ask for n_samples",
        "its classes are its folders in the order of their names",
        UNSEEN,
    ),
    use_cases=("face verification",),
    difficulty=5,
    remote=Remote(
        reader="lfw",
        instead="optdigits",
        files=file(
            "lfw-funneled.tgz",
            FIGSHARE + "5976015",
            "b47c8422c8cded889dc5a13418c4bc2abbda121092b3533a83306f90d900100a",
        ),
    ),
)
IMAGES: tuple[Dataset, ...] = (
    FASHION_MNIST,
    KMNIST,
    CIFAR10,
    CIFAR100,
    SVHN,
    ALPHA_DIGITS,
    OMNIGLOT,
    DSPRITES,
    OLIVETTI,
    LFW,
)
