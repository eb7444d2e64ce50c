"""Does the painter repeat training photographs? How far the nearest training photograph lies from paintings or their mirror images, against
how far it lies from photographs that were never trained on. By plain colours, and by the backbone that taught the painter (see
`studio.features`)."""
from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..attributes import to_lab
from .figures import Figure, bootstrap, nearest
from .studio import COUNT, Studio, features, shrunk

TONE, CELLS = 16, 4  # pixels, and cells of features, a side
CLOSE = 2  # per cent of the photographs that count as close to a training photograph


def gate(studio: Studio) -> list[Figure]:
    train = studio.train
    known = [train.centre(index)[0] for index in range(len(train))]
    maps = [train.centre(index)[1] for index in range(0, len(train), max(1, len(train) // COUNT))][:COUNT]
    sets = {
        "unseen maps": studio.drawn,
        "training maps": [studio.paint(np.repeat(np.repeat(ids, 2, 0), 2, 1), index) for index, ids in enumerate(maps)],
    }
    photographs = [picture for picture, _ in studio.cuts]
    describe = {"colours": tones, "features": lambda pictures: features(pictures, studio.backbone, (16,), CELLS)}
    found = []
    for kind, described in describe.items():
        library = described(known)
        real = to_nearest(photographs, library, described)
        for name, pictures in sets.items():
            found += compared(f"{name}: {kind}", to_nearest(pictures, library, described), real)
    return found


def to_nearest(pictures: list[np.ndarray], library: np.ndarray, described: Callable[[list[np.ndarray]], np.ndarray]) -> np.ndarray:
    """(N,) distance of each picture, as it is or mirrored, to the nearest row of `library` (M, C)."""
    return np.minimum(*(nearest(described(seen), library) for seen in (pictures, [picture[:, ::-1] for picture in pictures])))


def compared(name: str, painted: np.ndarray, real: np.ndarray) -> list[Figure]:
    """From the distances (N,) of paintings and of unseen photographs to the nearest training photograph."""
    close = np.percentile(real, CLOSE)
    median = lambda p, r: float(np.median(p) / np.median(r))
    return [
        bootstrap(f"{name}, distance to the nearest training photograph", median, painted, real, least=0.8, note="of unseen photographs'"),
        Figure(f"{name}, share nearer than {CLOSE} % of unseen photographs are", float((painted < close).mean()), most=0.1),
    ]


def tones(pictures: list[np.ndarray]) -> np.ndarray:
    """(N, C) colours of pictures, coarsely, in CIELAB."""
    return np.stack([to_lab(shrunk(np.ascontiguousarray(picture), TONE)).ravel() for picture in pictures])
