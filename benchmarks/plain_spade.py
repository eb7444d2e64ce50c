"""Teaches a plain SPADE generator on the painter's photographs, for so many minutes of a processor core: the baseline that `baselines.py --spade` judges.

    python benchmarks/plain_spade.py DATA --out spade.pt --minutes 120 [--ngf 16] [--batch 4] [--threads 0]

As the papers have it: SPADE's generator (1903.07291) with spectral norm and batch norm, which starts from the label map and draws nothing
by seed; a patch discriminator at two scales (pix2pixHD 1711.11585) with instance norm and spectral norm; hinge losses, feature matching and a
perceptual loss, 10 each; Adam (0, 0.9) at 1e-4 and 4e-4. Other than there: the perceptual loss looks through the trainer's frozen backbone,
as the painter's losses do, because VGG is no dependency; `ngf` is 16 in place of 64, about what two processor cores teach in hours (the
published size takes them more than ten seconds a picture); and photographs are cut as the painter's are, at 256 px, and its networks compute in
bfloat16 where the painter's do. It goes on from `--out` where it was stopped. Needs the `train` extra.
"""
from __future__ import annotations

import argparse
import os
import random
import sys
import time
from pathlib import Path

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.parametrizations import spectral_norm
from torch.nn.utils.parametrize import remove_parametrizations
from tqdm import tqdm

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from synth_core import labels as label_set  # noqa: E402  (found by the line above)
from synth_core.models.layers import quickly  # noqa: E402
from synth_core.models.spade import BLOCKS, EPSILON, Generator, Options, Spade  # noqa: E402
from synth_core.training import losses  # noqa: E402
from synth_core.training.backbone import Backbone  # noqa: E402
from synth_core.training.data import Batch, Batches, Photographs, one_hot  # noqa: E402

SIZE, SMALLEST_CROP = 256, 0.75
RATE, JUDGE_RATE, MATCH, PERCEIVE = 1e-4, 4e-4, 10.0, 10.0
SAVE_EVERY = 60.0  # seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, required=True, help="of processor time in all, those of earlier calls included")
    parser.add_argument("--ngf", type=int, default=16)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--threads", type=int, default=0, help="processor threads, 0 for all")
    arguments = parser.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    batches = Batches(Photographs(arguments.data, "train", SIZE), arguments.batch, SMALLEST_CROP)
    teacher = Teacher(arguments.ngf)
    if arguments.out.is_file():
        teacher.load_state_dict(torch.load(arguments.out, weights_only=True))
    clock, saved = time.process_time(), time.monotonic()
    bar = tqdm(initial=teacher.seen, unit="img")
    while teacher.minutes < arguments.minutes:
        with quickly(torch.device("cpu")):
            told = teacher.step(batches.draw(random.Random(teacher.seen)))
        bar.update(arguments.batch)
        bar.set_postfix({name: f"{value:.2f}" for name, value in told.items()}, refresh=False)
        now = time.process_time()  # what other work takes of the processor does not count
        teacher.minutes, clock = teacher.minutes + (now - clock) / 60, now
        if time.monotonic() - saved > SAVE_EVERY:
            save(teacher, arguments.out)
            saved = time.monotonic()
    save(teacher, arguments.out)


def save(teacher: Teacher, path: Path) -> None:
    torch.save(teacher.state_dict(), new := path.with_suffix(".new"))
    os.replace(new, path)


class PatchDiscriminator(nn.Module):
    """pix2pixHD's: whether each patch of a picture is a photograph of its map, at one scale. Four convolutions and an answer."""

    def __init__(self, ndf: int):
        super().__init__()
        widths = label_set.COUNT + 3, ndf, 2 * ndf, 4 * ndf, 8 * ndf
        self.layers = nn.ModuleList()
        for place, (inputs, outputs) in enumerate(zip(widths, widths[1:])):
            stride, first = (2 if place < 3 else 1), place == 0
            convolution = nn.Conv2d(inputs, outputs, 4, stride, 2, bias=first)
            norm = [] if first else [nn.InstanceNorm2d(outputs)]
            self.layers.append(nn.Sequential(convolution if first else spectral_norm(convolution), *norm, nn.LeakyReLU(0.2)))
        self.layers.append(nn.Conv2d(8 * ndf, 1, 4, 1, 2))

    def forward(self, picture: torch.Tensor, areas: torch.Tensor) -> list[torch.Tensor]:
        """picture (N, 3, H, W), areas (N, 23, H, W) -> what each layer answers, the verdict (N, 1, h, w) last."""
        answers, x = [], torch.cat([areas, picture], 1)
        for layer in self.layers:
            x = layer(x)
            answers.append(x)
        return answers


class Teacher(nn.Module):
    """The generator, its discriminators and one step of learning. `seen` images and processor `minutes` are kept with the networks."""

    def __init__(self, ngf: int):
        super().__init__()
        torch.manual_seed(0)
        self.ngf, self.seen, self.minutes = ngf, 0, 0.0
        self.generator = learning(Generator(Options(label_set.COUNT, ngf)))
        self.judges = nn.ModuleList(PatchDiscriminator(ngf) for _ in range(2))
        self.painter = torch.optim.Adam(self.generator.parameters(), RATE, (0.0, 0.9))
        self.judging = torch.optim.Adam(self.judges.parameters(), JUDGE_RATE, (0.0, 0.9))
        self._backbone = [Backbone()]  # in a list: it is frozen, and no part of the state

    def get_extra_state(self) -> dict:
        optimisers = {"painter": self.painter.state_dict(), "judging": self.judging.state_dict()}
        return {"ngf": self.ngf, "seen": self.seen, "minutes": self.minutes, **optimisers}

    def set_extra_state(self, state: dict) -> None:
        if state["ngf"] != self.ngf:
            sys.exit(f"plain_spade: that file holds a generator with --ngf {state['ngf']}; go on with the same, or name another file.")
        self.seen, self.minutes = state["seen"], state["minutes"]
        self.painter.load_state_dict(state["painter"])
        self.judging.load_state_dict(state["judging"])

    def step(self, batch: Batch) -> dict[str, float]:
        """Teach both sides once; returns the losses."""
        areas, real = one_hot(batch.truth), batch.image
        painted = self.generator(areas)
        self.judges.requires_grad_(True)
        verdicts = self._verdicts(real, areas), self._verdicts(painted.detach(), areas)
        judging = losses.hinge(*([answers[-1] for answers in scales] for scales in verdicts))
        self._descend(self.judging, judging)

        self.judges.requires_grad_(False)
        with torch.no_grad():
            known, seen = self._verdicts(real, areas), self._backbone[0](real)
        found = self._verdicts(painted, areas)
        fooling = losses.realness([answers[-1] for answers in found])
        matching = sum(F.l1_loss(a, b) for one, other in zip(found, known) for a, b in zip(one[:-1], other[:-1])) / len(found)
        perceived = sum(F.l1_loss(a, b) for a, b in zip(self._backbone[0](painted), seen)) / len(seen)
        self._descend(self.painter, fooling + MATCH * matching + PERCEIVE * perceived)
        self.seen += len(real)
        return {"judging": float(judging.detach()), "fooling": float(fooling.detach()), "perceived": float(perceived.detach())}

    def _verdicts(self, picture, areas):
        halved = F.avg_pool2d(picture, 2), F.avg_pool2d(areas, 2)
        return [judge(*inputs) for judge, inputs in zip(self.judges, ((picture, areas), halved))]

    @staticmethod
    def _descend(optimiser, loss):
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()


def learning(generator: Generator) -> Generator:
    """The generator as it learns: with batches' own statistics, and spectral norm on the blocks' convolutions."""
    for module in generator.modules():
        if isinstance(module, Spade):
            module.param_free_norm = nn.BatchNorm2d(len(module.param_free_norm.running_mean), EPSILON, affine=False)
    for name in BLOCKS:
        for part in ("conv_0", "conv_1", "conv_s"):
            if hasattr(block := getattr(generator, name, None), part):
                spectral_norm(getattr(block, part))
    return generator.train()


def finished(path: Path) -> tuple[Generator, str]:
    """The generator of a file that `main` wrote, folded for painting, and in words what it is."""
    state = torch.load(path, weights_only=True)
    teacher = Teacher(state["_extra_state"]["ngf"])
    teacher.load_state_dict(state)
    return folded(teacher.generator, teacher.ngf), f"plain SPADE, ngf {teacher.ngf}, {teacher.seen} images in {teacher.minutes:.0f} processor minutes"


def folded(learner: Generator, ngf: int) -> Generator:
    """A generator for painting alone, with what the learner has learned."""
    learner.eval()
    for module in learner.modules():
        if hasattr(module, "parametrizations"):
            remove_parametrizations(module, "weight")
    generator = Generator(Options(label_set.COUNT, ngf)).eval()
    known = learner.state_dict()
    generator.load_state_dict({name: known[name] for name in generator.state_dict()})
    return generator


if __name__ == "__main__":
    main()
