"""Label maps in image files, ours and other tools': recognised by their values, read without holes, and written for other tools.

What the classes are stands in `vocabularies`. Nothing is painted here. Reading needs Pillow.
"""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from . import labels as label_set
from .holes import nearest_labels
from .request import LARGEST, SMALLEST, RequestError
from .vocabularies import OURS, VOCABULARIES, IdForm, Vocabulary

AUTO = "auto"
SKY = label_set.BY_NAME["sky"].id
VOID, OFF = 0, -1  # in a map of classes: nothing, and a colour that is no class's
_STEP = 0.9  # deviation of the blur that takes the steps off an enlarged map, in its pixels: right angles outlast it
_MAJORITY = 0.6  # of a map's pixels that must have exactly a class's colour; the others are then taken for smoothed borders
_REACH = 2  # pixels around a smoothed one in which its class is looked for
_ROUNDS = 4  # a smoothed border may be as wide as _REACH pixels for each round on either side
_RINGING = 32  # sharpening filters overshoot; levels beyond the colours around that a smoothed pixel may have
_FEW = 0.01  # of a map's smoothed pixels that may be no such blend: where more than two things meet
_LIKELY = 0.9  # of a map's pixels that have a label of ours; less makes another reading too unlikely to mention


class MapError(ValueError):
    """A file that can't be read as a label map; the message is one sentence for the user."""


@dataclass(frozen=True)
class LabelMap:
    """A map as it was read.

    labels: (H, W) uint8, our ids, no pixel 0. found: what the file was recognised as. notes: what the user should know of, as phrases.
    """

    labels: np.ndarray
    found: str
    notes: tuple[str, ...]

    def __str__(self) -> str:
        return "; ".join((self.found, *self.notes))


@dataclass(frozen=True)
class _Reading:
    """One way to read a file: `classes` (H, W) int16 are class ids of `vocabulary`, VOID or OFF."""

    vocabulary: Vocabulary
    kind: str
    classes: np.ndarray

    @property
    def share(self) -> float:
        """Of the pixels that are not void, those with a label of ours."""
        return float((self._labels > 0).sum() / max((self.classes != VOID).sum(), 1))

    @property
    def likelihood(self) -> float:
        """0 to 2: landscape, with sky along its upper edge, is what a map most likely shows."""
        return self.share + float((self._labels[0] == SKY).mean())

    @property
    def _labels(self) -> np.ndarray:
        return self.vocabulary.labels[np.maximum(self.classes, VOID)]

    def __str__(self) -> str:
        return f"{self.vocabulary.title}'s {self.kind}"


def read_map(path: Path, palette: str = AUTO) -> LabelMap:
    """The label map in an image file: ids (mode L or P, the palette's colours where they are a vocabulary's) or colours (RGB, opaque RGBA).

    palette: a vocabulary's name, or "auto" to recognise it. Smoothed borders take the class around them that is nearest in colour, classes
    that have no label of ours the nearest label, void the sky above it or the nearest label. Raises MapError, and OSError for a file that
    can't be opened.
    """
    vocabularies = list(VOCABULARIES.values()) if palette == AUTO else [VOCABULARIES[palette]]
    image = _open_image(path, "a label map is a PNG of label ids or of a palette's colours")
    mode, pixels = image.mode, np.asarray(image)
    if mode == "P":
        shades = np.asarray(image.convert("RGB"))
        return _read_indexed(path, pixels, shades, vocabularies)
    if mode == "L":
        return _finish(path, *_by_ids(path, pixels, vocabularies))
    if mode == "RGB" or mode == "RGBA" and pixels[..., 3].min() == 255:
        return _finish(path, *_by_colours(path, pixels[..., :3], vocabularies))
    raise MapError(f"{path} has mode {mode}; a label map has label ids (mode L or P) or a palette's colours (mode RGB, opaque).")


def read_photograph(path: Path) -> np.ndarray:
    """A photograph (H, W, 3) uint8 sRGB, turned upright. Raises MapError for no image, OSError for a file that can't be opened."""
    return np.asarray(_open_image(path, "a photograph is a JPEG, PNG or WebP file", upright=True))


def _open_image(path: Path, wanted: str, upright: bool = False):
    """The file as a Pillow image, read whole, or as an `upright` RGB one; `wanted` says what was expected of it. Raises MapError and OSError."""
    try:
        from PIL import Image, ImageOps
    except ImportError:
        raise MapError("Reading an image needs Pillow; `pip install pillow` brings it.") from None
    try:
        with Image.open(path) as image:
            image.load()
            return ImageOps.exif_transpose(image).convert("RGB") if upright else image
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:  # of broken chunks and EXIF, too
        if getattr(error, "errno", None):  # the system's; Pillow's own have none
            raise
        raise MapError(f"{path} is no image file that can be read; {wanted}.") from error


def resize(ids: np.ndarray, width: int, height: int) -> np.ndarray:
    """The map at another size. Reduced, each pixel takes the label at its centre; enlarged, outlines are smooth and not in steps.
    Raises RequestError for a size out of bounds."""
    if not all(SMALLEST <= side <= LARGEST for side in (width, height)):
        raise RequestError(f"A painting's sides are {SMALLEST} to {LARGEST} pixels; {width} x {height} was asked for.")
    rows, columns = ((np.arange(min(new, old)) * 2 + 1) * old // (2 * min(new, old)) for new, old in zip((height, width), ids.shape))
    reduced = ids[rows[:, None], columns]
    return reduced if reduced.shape == (height, width) else _enlarged(reduced, width, height)


def _enlarged(ids: np.ndarray, width: int, height: int) -> np.ndarray:
    """Each pixel takes the label that weighs most there when all are blurred and interpolated. What is too thin to outlast the blur stays sharp."""
    from PIL import Image, ImageFilter

    kinds = np.unique(ids)
    masks = [Image.fromarray((ids == label) * np.uint8(255)) for label in kinds]
    shares = np.stack([mask.filter(ImageFilter.GaussianBlur(_STEP)) for mask in masks])
    shares = np.where(kinds[shares.argmax(0)] == ids, shares, np.stack(masks))
    found, most = np.zeros((height, width), ids.dtype), np.zeros((height, width), np.uint8)
    for label, share in zip(kinds, shares):
        share = np.asarray(Image.fromarray(share).resize((width, height), Image.Resampling.BILINEAR))
        found[share > most] = label
        np.maximum(most, share, out=most)
    return found


def converted(labels: np.ndarray, to: Vocabulary, colours: bool) -> tuple[np.ndarray, str]:
    """A map (H, W) uint8 of our ids, none 0, as another vocabulary's: its colours (H, W, 3) uint8 or its ids (H, W) uint8, and in words
    what they are and which labels it has no class of its own for. Raises MapError for ids of a vocabulary without any."""
    if not colours and not to.forms:
        raise MapError(f"{to.title}'s maps have colours, not ids; {_forms_in_words()} have ids.")
    table = np.zeros((label_set.COUNT, 3) if colours else label_set.COUNT, np.uint8)
    for label, each in to.written.items():
        table[label] = each.colour if colours else each.id - to.forms[0].shift
    shares = np.bincount(labels.ravel(), minlength=label_set.COUNT) / labels.size
    lost = [label for label in np.argsort(-shares, kind="stable").tolist() if shares[label] and to.lost(label)]
    notes = (f"{_named(label_set.LABELS[label].name, shares[label])} as {to.written[label].name}" for label in lost)
    return table[labels], "; ".join((f"{to.title}'s {'colours' if colours else _ids_in_words(to, to.forms[0])}", *notes))


# ---- recognising ----


def _read_indexed(path: Path, pixels: np.ndarray, shades: np.ndarray, vocabularies: list[Vocabulary]) -> LabelMap:
    """An image with a palette. Drawing programs number colours as they come: a palette of a vocabulary's colours counts before its indices."""
    coloured = [reading for reading in map(_coloured(shades), vocabularies) if (reading.classes != OFF).all() and reading.share >= _LIKELY]
    if coloured:
        return _finish(path, max(coloured, key=lambda reading: reading.share))
    return _finish(path, *_by_ids(path, pixels, vocabularies))


def _by_ids(path: Path, pixels: np.ndarray, vocabularies: list[Vocabulary]) -> tuple[_Reading, tuple[str, ...]]:
    """The likeliest reading of ids (H, W) uint8, ours wherever they can be ours. Raises MapError."""
    readings = [reading for reading in _numbered(pixels, vocabularies) if (reading.classes != OFF).all()]
    if not any(vocabulary.forms for vocabulary in vocabularies):
        raise MapError(f"{path} has ids, and {vocabularies[0].title}'s maps have colours; {_forms_in_words()} have ids.")
    if not readings:
        titles = _listed([vocabulary.title for vocabulary in vocabularies if vocabulary.forms], "or")
        raise MapError(f"{path} holds id {pixels.max()}, and its ids are not those of {titles}.")
    ours = [reading for reading in readings if reading.vocabulary is OURS]
    best = ours[0] if ours else max(readings, key=lambda reading: reading.likelihood)
    rivals = [reading for reading in readings if reading.vocabulary is not best.vocabulary]
    equal = [best.vocabulary.name, *(rival.vocabulary.name for rival in rivals if rival.likelihood == best.likelihood)]
    if best.vocabulary is not OURS and len(equal) > 1:
        raise MapError(f"{path} has ids that fit several palettes alike; say which by --palette {_listed(equal, 'or')}.")
    likely = {rival.vocabulary: None for rival in rivals if rival.share >= _LIKELY and rival.likelihood >= best.likelihood}
    return best, tuple(f"its ids would fit {rival.title} as well (--palette {rival.name})" for rival in likely)


def _numbered(pixels: np.ndarray, vocabularies: Iterable[Vocabulary]) -> Iterator[_Reading]:
    for vocabulary in vocabularies:
        for form in vocabulary.forms:
            yield _Reading(vocabulary, _ids_in_words(vocabulary, form), _classes_of_ids(vocabulary, form)[pixels])


def _classes_of_ids(vocabulary: Vocabulary, form: IdForm) -> np.ndarray:
    """(256,) int16: the class that each id of a file means."""
    table = np.full(256, OFF, np.int16)
    for each in vocabulary.classes:
        table[each.id - form.shift] = each.id
    table[form.void] = VOID
    return table


def _by_colours(path: Path, pixels: np.ndarray, vocabularies: list[Vocabulary]) -> tuple[_Reading, tuple[str, ...]]:
    """The reading of colours (H, W, 3) uint8 that has most pixels exactly, its smoothed borders mended. Raises MapError."""
    best = max(map(_coloured(pixels), vocabularies), key=lambda reading: (reading.classes > VOID).sum())
    off = int((best.classes == OFF).sum())
    if off > (1 - _MAJORITY) * best.classes.size and (pixels == pixels[..., :1]).all():  # ids, saved as grey RGB
        return _by_ids(path, pixels[..., 0], vocabularies)
    if off <= (1 - _MAJORITY) * best.classes.size:
        best = _Reading(best.vocabulary, best.kind, _mended(pixels, best.classes, _shades(best.vocabulary)))
    strange = np.argwhere(best.classes == OFF)
    if not len(strange):
        return best, (f"{off:,} {'pixel' if off == 1 else 'pixels'} of smoothed borders mended",) if off else ()
    y, x = strange[0]
    colour = tuple(int(value) for value in pixels[y, x])
    share = "1 pixel has" if len(strange) == 1 else f"{len(strange):,} pixels have"
    whose = "no label's" if best.vocabulary is OURS else f"no class of {best.vocabulary.title}'s"
    raise MapError(f"{share} a colour that is {whose} (the first is {colour} at x {x}, y {y}); save the map without smoothing or loss.")


def _coloured(pixels: np.ndarray):
    """A function that reads colours (H, W, 3) uint8 by a vocabulary, exactly."""
    codes = _codes(pixels)

    def read(vocabulary: Vocabulary) -> _Reading:
        classes = np.array([VOID, *(each.id for each in vocabulary.classes if each.colour)], np.int16)
        table = np.full(1 << 24, OFF, np.int16)  # of every colour there is: much faster than a search for each pixel's
        table[_codes(_shades(vocabulary)[classes])] = classes
        return _Reading(vocabulary, "colours", table[codes])

    return read


def _shades(vocabulary: Vocabulary) -> np.ndarray:
    """(256, 3) int32: the colour of each class; void is black."""
    shades = np.zeros((256, 3), np.int32)
    for each in vocabulary.classes:
        shades[each.id] = each.colour or 0
    return shades


def _codes(colours: np.ndarray) -> np.ndarray:
    """(..., 3) levels -> one whole number for each colour."""
    red, green, blue = (colours[..., channel].astype(np.int32) for channel in range(3))
    return red << 16 | green << 8 | blue


# ---- mending and filling ----


def _mended(pixels: np.ndarray, classes: np.ndarray, shades: np.ndarray) -> np.ndarray:
    """The map of classes with the colours that are no class's taken for smoothed borders: each gets the class near it that is nearest in
    colour, if its colour lies between those around it or, for things too thin to be anywhere in their own colour, between that class's
    and another's of the map. Others stay OFF, unless they are few beside what was mended."""
    classes, present = classes.copy(), shades[np.unique(classes[classes != OFF])]
    few = _FEW * (classes == OFF).sum()
    for others, distance in ((present[:0], 0), (present, _RINGING), (present, np.inf)):
        for _ in range(_ROUNDS):
            rows, columns = np.nonzero(classes == OFF)
            if not rows.size or distance == np.inf and len(rows) > few:
                break
            colours = pixels[rows, columns].astype(np.int32)
            classes[rows, columns] = _nearest_classes(colours, _around(classes, rows, columns), shades, others, distance)
    return classes


def _around(classes: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> Iterator[np.ndarray]:
    """The classes (N,) at each offset from N pixels, OFF beyond the map's edge."""
    padded = np.pad(classes, _REACH, constant_values=OFF)
    for down in range(2 * _REACH + 1):
        for right in range(2 * _REACH + 1):
            yield padded[rows + down, columns + right]


def _nearest_classes(colours: np.ndarray, around: Iterable[np.ndarray], shades: np.ndarray, others: np.ndarray, reach: float) -> np.ndarray:
    """(N,) int16: for colours (N, 3) the class `around` that is nearest in colour. OFF for a colour that neither lies between those around
    it nor, within `reach` levels, between the nearest and one of the colours `others` (K, 3)."""
    nearest, chosen = np.full(len(colours), np.inf), np.full(len(colours), OFF, np.int16)
    low, high = np.full(colours.shape, 256), np.full(colours.shape, -1)
    for classes in around:
        known = classes != OFF
        theirs = shades[classes]
        distance = np.where(known, ((colours - theirs) ** 2).sum(1), np.inf)
        chosen = np.where(distance < nearest, classes, chosen)
        nearest = np.minimum(nearest, distance)
        low = np.where(known[:, None], np.minimum(low, theirs), low)
        high = np.where(known[:, None], np.maximum(high, theirs), high)
    blend = ((colours >= low - _RINGING) & (colours <= high + _RINGING)).all(1)
    for other in others:
        blend |= (chosen != OFF) & (_off_line(colours, shades[chosen], other) <= reach)
    return np.where(blend, chosen, np.int16(OFF))


def _off_line(colours: np.ndarray, starts: np.ndarray, end: np.ndarray) -> np.ndarray:
    """(N,): how far colours (N, 3) are from the lines between `starts` (N, 3) and `end` (3,), in levels."""
    along = end - starts
    part = ((colours - starts) * along).sum(1) / np.maximum((along**2).sum(1), 1)
    return np.linalg.norm(colours - starts - part.clip(0, 1)[:, None] * along, axis=1)


def _finish(path: Path, reading: _Reading, notes: tuple[str, ...] = ()) -> LabelMap:
    """Our labels of a reading, without holes. Raises MapError where there is nothing to paint."""
    classes = reading.classes
    labels = reading.vocabulary.labels[classes]
    shares = np.bincount(classes.ravel(), minlength=256) / classes.size
    nameless = [id for id in np.argsort(-shares, kind="stable").tolist() if shares[id] and id != VOID and not reading.vocabulary.labels[id]]
    words = _listed([_named(reading.vocabulary.names[id], shares[id]) for id in nameless], "and")
    if not labels.any():
        shown = f"only {words}, for which there is no label" if nameless else "nothing but unlabelled pixels"
        raise MapError(f"{path}, read as {reading}, shows {shown}; there is nothing to paint.")
    if nameless:
        notes += (f"no label for {words}, filled with what is around",)
    if shares[VOID]:
        notes += (f"{_percent(shares[VOID])} unlabelled, filled with the sky above or what is around",)
    return LabelMap(_filled(labels, classes == VOID), str(reading), notes)


def _filled(labels: np.ndarray, void: np.ndarray) -> np.ndarray:
    """The map without holes. Void that has nothing but void above it is sky, as where a scene has no surface; in columns without any class
    down to the middle, an ordinary view's horizon. Other holes take the nearest label."""
    if labels.all():
        return labels
    open_above = np.logical_and.accumulate(void, axis=0)
    open_above[len(void) // 2 :, open_above[-1]] = False
    filled = np.where(labels, labels, nearest_labels(labels))
    return np.where(open_above, np.uint8(SKY), filled)


# ---- words ----


def _percent(share: float) -> str:
    return f"{share:.1%}".replace("%", " %") if share >= 0.001 else "under 0.1 %"


def _named(name: str, share: float) -> str:
    return f"{name} ({_percent(share)})"


def _listed(words: list[str], joint: str) -> str:
    return f" {joint} ".join(part for part in (", ".join(words[:-1]), words[-1]) if part) if words else ""


def _ids_in_words(vocabulary: Vocabulary, form: IdForm) -> str:
    return "ids" if len(vocabulary.forms) == 1 else f"ids from {1 - form.shift}"


def _forms_in_words() -> str:
    return _listed([f"{vocabulary.title}'s ({vocabulary.name})" for vocabulary in VOCABULARIES.values() if vocabulary.forms], "and")
