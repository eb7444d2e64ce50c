"""The judging side of both stages: frozen backbone, discriminator and pixel head, taught on photographs against paintings."""
from __future__ import annotations

import torch

from ..models.discriminator import Discriminator, PixelHead
from ..models.layers import averaged_to, exactly
from . import checkpoint, losses, parallel
from .backbone import Backbone
from .config import Run

R1_EVERY, STEEPNESS_EVERY = 16, 4  # steps
STEEPNESS_OF = 4  # one of so many pictures is looked at


def descend(optimiser: torch.optim.Optimizer, loss: torch.Tensor) -> None:
    """One step down the gradient of `loss`, averaged over the processes of the run."""
    optimiser.zero_grad(set_to_none=True)
    with exactly(loss.device):  # each operation runs backward in the precision that it ran forward in
        loss.backward()
    parallel.average_gradients(p for group in optimiser.param_groups for p in group["params"])
    optimiser.step()


def adam(parameters, rate: float) -> torch.optim.Optimizer:
    """The optimiser of every network here; `parameters` are tensors or groups of them. One kernel for all of them on a graphics card."""
    parameters = list(parameters)
    first = parameters[0]["params"][0] if isinstance(parameters[0], dict) else parameters[0]
    return torch.optim.Adam(parameters, lr=rate, betas=(0.0, 0.99), fused=first.is_cuda)


class Judges:
    """`teach` moves the judges, `loss` tells the painter what they think. `frequency` (23,) is each label's share of the photographs."""

    def __init__(self, run: Run, frequency: torch.Tensor, device: torch.device):
        self.run = run
        self.backbone = Backbone().to(device, memory_format=torch.channels_last)
        self.discriminator = Discriminator().to(device, memory_format=torch.channels_last)
        self.pixel_head = PixelHead().to(device, memory_format=torch.channels_last)
        self.weights = losses.class_weights(frequency).to(device)
        self.lecam = losses.LeCam().to(device)
        parameters = [*self.discriminator.parameters(), *self.pixel_head.parameters()]
        self.optimiser = adam(parameters, run.rate)
        self.steps = 0

    def _learn(self, learn: bool):
        self.discriminator.requires_grad_(learn)
        self.pixel_head.requires_grad_(learn)

    def teach(self, real, real_features, truth, real_areas, fake, fake_features, fake_areas) -> dict[str, torch.Tensor]:
        """One step of the judges. Pictures (N, 3, H, W), their features, `truth` (N, H, W) the photographs' own map, areas (N, 23, H, W)."""
        self._learn(True)
        run, n = self.run, len(real)
        both = [torch.cat([r, f.detach()]) for r, f in zip(real_features, fake_features)]
        areas = torch.cat([averaged_to(areas, real_features[1]) for areas in (real_areas, fake_areas)])
        images = torch.cat([real, fake.detach()])
        logits, heads = self.discriminator(images, both, areas)
        real_heads, fake_heads = [h[:n] for h in heads], [h[n:] for h in heads]
        told = {
            "d_pixel": losses.read_as(logits[:n], truth, self.weights) + losses.read_as_fake(logits[n:]),
            "d_heads": losses.hinge(real_heads, fake_heads),
            "d_fine": losses.hinge([self.pixel_head(real)], [self.pixel_head(fake.detach())]),
            "lecam": self.lecam(real_heads, fake_heads),
        }
        loss = run.pixel * told["d_pixel"] + run.heads * told["d_heads"] + told["d_fine"] + run.lecam * told["lecam"]
        if self.steps % R1_EVERY == 0:
            told["r1"] = losses.r1(self.pixel_head, real)
            loss = loss + run.r1 * R1_EVERY / 2 * told["r1"]
        if run.smooth and self.steps % STEEPNESS_EVERY == 0:
            told["steep"] = self._steepness(images, both, areas)
            loss = loss + run.smooth * STEEPNESS_EVERY * told["steep"]
        descend(self.optimiser, loss)
        self.steps += 1
        return told

    def _steepness(self, images, features, areas):
        """Of a part of the photographs and of as many paintings, which follow them; others each time."""
        half = len(images) // 2
        some = list(range(self.steps // STEEPNESS_EVERY % min(half, STEEPNESS_OF), half, STEEPNESS_OF))
        some += [half + k for k in some]
        return losses.steepness(self.discriminator, images[some], [level[some] for level in features], areas[some])

    def loss(self, fake, features, drawn, areas) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """What the painter is to lower, and its parts; gradients flow into `fake` and `features`, not into the judges."""
        self._learn(False)
        run = self.run
        logits, heads = self.discriminator(fake, features, areas)
        told = {
            "g_pixel": losses.read_as(logits, drawn, self.weights),
            "g_heads": losses.realness(heads),
            "g_fine": losses.realness([self.pixel_head(fake)]),
        }
        return run.pixel * told["g_pixel"] + run.heads * told["g_heads"] + run.fine * told["g_fine"], told

    def extras(self) -> dict[str, torch.Tensor]:
        """What a checkpoint keeps beside the networks: the backbone's measured deviations (its weights come from their package) and running means."""
        deviations = {k: v for k, v in self.backbone.state_dict().items() if k.startswith("deviation")}
        return deviations | self.lecam.state_dict(prefix="lecam.")

    def restore(self, extras: dict[str, torch.Tensor]) -> None:
        checkpoint.load_matching(self.backbone, extras)
        checkpoint.load_matching(self.lecam, extras, "lecam.")
