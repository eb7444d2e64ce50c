"""A run's configuration: what a file of `runs/*.toml` may say, and nothing that needs torch."""
from __future__ import annotations

import tomllib
from dataclasses import asdict, dataclass, fields
from pathlib import Path

RUNS = Path(__file__).parent / "runs"


class ConfigError(ValueError):
    """A run file that can't be used; the message is one sentence for the user."""


@dataclass(frozen=True)
class Run:
    """One training run. `stage` is what learns: "composition" or "detail"; sizes are pixels on the short side of the pictures it learns from."""

    stage: str = "composition"
    size: int = 128
    images: int = 200_000  # images to see, counted from the run's own start
    minutes: float = 0.0  # minutes to learn in all, counted likewise, where the clock and not the number of images ends the run; 0 for none
    batch: int = 8  # of each process
    rate: float = 3e-4  # Adam's learning rate of generator and discriminator
    style_rate: float = 1e-3  # of the style's layers and the encoder
    warm_up: int = 200  # steps
    look_ahead: int = 0  # steps after which all networks go back half the way that they came in them (LAGAN 2006.14567); 0 for never
    half_life: int = 2_000  # images until half of what the moving average held is replaced
    decay_from: float = 1.0  # share of the run after which the rate falls to a tenth along a cosine
    smallest_crop: float = 0.65  # of the photograph's short side
    large: float = 0.0  # share of pictures from photographs at least twice `size`, cut at every scale at which views are painted; 0: as there are
    whole: float = 0.0  # share of steps that learn from half a batch of pictures of such photographs at twice `size`, where scenes are seen whole
    wrap: float = 0.25  # share of batches painted with circular padding in x
    blockouts: float = 0.5  # pictures of a batch, on average, that are painted from made-up maps with a blockout's straight edges
    pixel: float = 1.0  # weights of the losses: the right label at every pixel,
    heads: float = 1.0  # the heads on the backbone's scales,
    fine: float = 0.5  # the head on single pixels,
    statistics: float = 5.0  # the style photograph's statistics under each label,
    usual: float = 0.0  # that labels look as contrasted, fine and strongly coloured as in photographs, on average over what the average paints,
    aligned: float = 1.5  # closeness to the own photograph at strides 16 and 32,
    tone: float = 5.0  # closeness of water to the own photograph's colours in cells of 16 pixels; in an own run, of everything,
    variety: float = 0.5  # that new noise moves the features,
    memory: float = 0.0  # closeness to the painter that the run began from, on maps and styles of which nothing new is learned
    lecam: float = 0.1  # 2104.03310, on the heads
    r1: float = 1.0  # on the pixel head
    smooth: float = 0.0  # on the discriminator's steepness over coarse features
    seed: int = 0

    @property
    def levels(self) -> int:
        """Composition's levels at this size: the coarsest grid is always 4 cells on the short side."""
        return self.size.bit_length() - 2


def load(name: str) -> Run:
    """The run `name` (a file of `runs/`, without its ending, or a path). Raises ConfigError for an unknown file, key, stage or size."""
    path = Path(name) if name.endswith(".toml") else RUNS / f"{name}.toml"
    if not path.is_file():
        raise ConfigError(f"There is no run {name!r}; there are {', '.join(sorted(p.stem for p in RUNS.glob('*.toml')))}.")
    given = tomllib.loads(path.read_text(encoding="utf-8"))
    unknown = set(given) - {f.name for f in fields(Run)}
    if unknown:
        raise ConfigError(f"{path.name} holds unknown settings: {', '.join(sorted(unknown))}.")
    run = Run(**given)
    if run.stage not in ("composition", "detail"):
        raise ConfigError(f"{path.name}: stage is composition or detail, not {run.stage!r}.")
    if run.size & (run.size - 1) or not 128 <= run.size <= 1024:
        raise ConfigError(f"{path.name}: size is a power of two from 128 to 1024, not {run.size}.")
    return run


def as_dict(run: Run) -> dict:
    return asdict(run)
