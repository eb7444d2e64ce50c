"""How composition learns: generator and encoder against the discriminator, one step a batch. Files, clocks and logs are in loop.py."""
from __future__ import annotations

import random

import numpy as np
import torch

from .. import labels as label_set
from ..models.composition import Composition
from ..models.discriminator import Discriminator, PixelHead
from ..models.encoder import Encoder
from ..models.layers import pixel_norm, set_wrap
from ..request import NOISE_CHANNELS, STYLE_SIZE
from . import losses
from .backbone import Backbone
from .config import Run
from .data import Batch, Batches, one_hot

CHANNELS, LABEL_CHANNELS = (256, 256, 256, 128, 64, 32, 24, 16), (64, 64, 64, 48, 32, 16, 12, 8)
BANK = 256  # styles that are remembered, and shipped
R1_EVERY, VARIETY_EVERY = 16, 4
VARIETY_ENOUGH = 0.4  # mean feature distance between two noises that is asked for; unrelated features lie 1.1 apart


def build(levels: int) -> Composition:
    return Composition(CHANNELS[:levels], LABEL_CHANNELS[:levels])


class CompositionTeacher:
    """The networks of the composition stage, their optimisers and one step of learning.

    `learners` are the modules that are checkpointed; those in `averaged` also ship, as moving averages kept by the loop.
    """

    averaged = ("composition", "encoder")

    def __init__(self, run: Run, batches: Batches, device: torch.device):
        self.run, self.device = run, device
        channels_last = {"device": device, "memory_format": torch.channels_last}
        self.backbone = Backbone().to(**channels_last)
        self.learners = {
            "composition": build(run.levels).to(**channels_last),
            "encoder": Encoder().to(device),
            "discriminator": Discriminator().to(**channels_last),
            "pixel_head": PixelHead().to(**channels_last),
        }
        self.backbone.calibrate(batches.draw(random.Random(1)).image.to(device))
        self.bank = torch.randn(BANK, label_set.COUNT, STYLE_SIZE, device=device)
        self.weights = losses.class_weights(batches.frequency).to(device)
        self.lecam = losses.LeCam()
        self.optimisers = self._optimisers()
        self.steps = 0

    def _optimisers(self) -> dict[str, torch.optim.Optimizer]:
        painter, encoder = self.learners["composition"], self.learners["encoder"]
        stylish = [*encoder.parameters(), painter.label_code]
        stylish += [p for part in (painter.mapping, painter.lay, painter.tint) for p in part.parameters()]
        fast = {id(p) for p in stylish}
        groups = [
            {"params": [p for p in painter.parameters() if id(p) not in fast], "lr": self.run.rate},
            {"params": stylish, "lr": self.run.style_rate},
        ]
        judges = [*self.learners["discriminator"].parameters(), *self.learners["pixel_head"].parameters()]
        return {
            "generator": torch.optim.Adam(groups, betas=(0.0, 0.99)),
            "discriminator": torch.optim.Adam(judges, lr=self.run.rate, betas=(0.0, 0.99)),
        }

    def extras(self) -> dict[str, torch.Tensor]:
        """Tensors beside the networks that a checkpoint keeps."""
        return {"bank": self.bank, **{k: v for k, v in self.backbone.state_dict().items() if k.startswith("deviation")}}

    def restore(self, extras: dict[str, torch.Tensor]) -> None:
        self.bank = extras["bank"].to(self.device)
        self.backbone.load_state_dict(extras, strict=False)

    def step(self, batch: Batch) -> dict[str, torch.Tensor]:
        """Teach all networks once from a batch; returns the losses as scalars."""
        n, run = len(batch.image), self.run
        drawn = batch.drawn
        wrapping = random.random() < run.wrap
        if wrapping:  # the left half and its mirror: a map that continues at the other side
            half = drawn[:, :, : drawn.shape[2] // 2]
            drawn = torch.cat([half, half.flip(2)], 2)
        areas = one_hot(drawn)
        source, mixed = self._sources(n)
        style, codes = self._styles(batch, source, mixed)
        noise = torch.randn(n, NOISE_CHANNELS, *drawn.shape[1:], device=self.device)

        painter = self.learners["composition"].train()
        set_wrap(painter, wrapping)
        painted = painter(areas, style, noise, batch.height)
        if wrapping:  # bring the seam into the discriminator's sight
            shift = random.randrange(drawn.shape[2])
            painted, areas, drawn = painted.roll(shift, 3), areas.roll(shift, 3), drawn.roll(shift, 2)

        real, fake = losses.jitter([batch.image, painted])
        with torch.no_grad():
            real_features = self.backbone(real)
        fake_features = self.backbone(fake)
        told = self._teach_judges(real, real_features, batch.truth, one_hot(batch.drawn), fake.detach(), [f.detach() for f in fake_features], areas)
        told |= self._teach_painter(fake, fake_features, drawn, areas, real, real_features, one_hot(batch.drawn), source, mixed, wrapping)
        self._remember(codes)
        self.steps += 1
        return told

    def _sources(self, n):
        """Whose style each sample carries: the first half its own photograph's, the others their neighbour's; of those half are mixed."""
        source = torch.arange(n)
        source[n // 2 :] = (source[n // 2 :] + 1) % n
        mixed = torch.zeros(n, dtype=torch.bool)
        mixed[n - n // 4 :] = True
        return source, mixed

    def _styles(self, batch, source, mixed):
        with torch.no_grad():
            features = self.backbone(batch.style_image)
        encoder = self.learners["encoder"].train()
        codes = encoder(batch.style_image, features[1:], one_hot(batch.style_map), dropout=0.2)
        noisy = pixel_norm(codes + 0.2 * torch.randn_like(codes), -1)[source]
        share = torch.rand(len(codes), 1, 1, device=self.device)
        other = self.bank[torch.randint(len(self.bank), (len(codes),))]
        style = torch.where(mixed.to(self.device)[:, None, None], pixel_norm(share * noisy.detach() + (1 - share) * other, -1), noisy)
        return style, codes.detach()

    def _teach_judges(self, real, real_features, truth, real_areas, fake, fake_features, fake_areas):
        judge, pixels, run = self.learners["discriminator"], self.learners["pixel_head"], self.run
        judge.requires_grad_(True)
        pixels.requires_grad_(True)
        n = len(real)
        both = [torch.cat(pair) for pair in zip(real_features, fake_features)]
        logits, heads = judge(torch.cat([real, fake]), both, torch.cat([real_areas, fake_areas]))
        real_heads, fake_heads = [h[:n] for h in heads], [h[n:] for h in heads]
        told = {
            "d_pixel": losses.read_as(logits[:n], truth, self.weights) + losses.read_as_fake(logits[n:]),
            "d_heads": losses.hinge(real_heads, fake_heads),
            "d_fine": losses.hinge([pixels(real)], [pixels(fake)]),
            "lecam": self.lecam(real_heads, fake_heads),
        }
        loss = run.pixel * told["d_pixel"] + run.heads * told["d_heads"] + told["d_fine"] + run.lecam * told["lecam"]
        if self.steps % R1_EVERY == 0:
            told["r1"] = losses.r1(pixels, real)
            loss = loss + run.r1 * R1_EVERY / 2 * told["r1"]
        self._descend("discriminator", loss)
        return told

    def _teach_painter(self, fake, features, drawn, areas, real, real_features, real_areas, source, mixed, wrapping):
        judge, pixels, run = self.learners["discriminator"], self.learners["pixel_head"], self.run
        judge.requires_grad_(False)
        pixels.requires_grad_(False)
        logits, heads = judge(fake, features, areas)
        plain = ~mixed
        look = [f[plain] for f in (fake, *features[:3])], areas[plain]
        wanted = [r[source[plain]] for r in (real, *real_features[:3])], real_areas[source[plain]]
        told = {
            "g_pixel": losses.read_as(logits, drawn, self.weights),
            "g_heads": losses.realness(heads),
            "g_fine": losses.realness([pixels(fake)]),
            "statistics": losses.statistics(*look, *wanted),
        }
        loss = run.pixel * told["g_pixel"] + run.heads * told["g_heads"] + run.fine * told["g_fine"] + run.statistics * told["statistics"]
        if not wrapping:
            own = len(fake) // 2
            told["aligned"] = sum((features[k][:own] - real_features[k][:own]).abs().mean() for k in (3, 4)) / 2
            loss = loss + run.aligned * told["aligned"]
        self._descend("generator", loss + (run.variety * self._variety(told, areas) if self.steps % VARIETY_EVERY == 0 else 0))
        return told

    def _variety(self, told, areas):
        """Two noises under one map and style must differ at stride 8 and 16 (mode seeking 1903.05628, up to a margin)."""
        areas = areas[-2:].repeat_interleave(2, 0)[:2]
        style = self.bank[torch.randint(len(self.bank), (1,))].expand(2, -1, -1)
        size = areas.shape[2:]
        height = torch.linspace(1, -1, size[0], device=self.device)[None, None, :, None].expand(2, 1, *size)
        one, two = self.backbone(self.learners["composition"](areas, style, torch.randn(2, NOISE_CHANNELS, *size, device=self.device), height))[2:4]
        told["variety"] = sum((f[0] - f[1]).abs().mean() for f in (one, two)) / 2
        return (VARIETY_ENOUGH - told["variety"]).clamp_min(0) * VARIETY_EVERY

    def _descend(self, name, loss):
        optimiser = self.optimisers[name]
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()

    @torch.no_grad()
    def _remember(self, codes):
        start = self.steps * len(codes) % (BANK - len(codes) + 1)
        self.bank[start : start + len(codes)] = codes

    @torch.no_grad()
    def paint(self, averaged: dict, maps: torch.Tensor, style: torch.Tensor, seed: int) -> torch.Tensor:
        """Pictures (N, 3, S, S) of maps (N, S, S) by the averaged network, for sample sheets."""
        painter = averaged["composition"]
        set_wrap(painter, False)
        size = maps.shape[1:]
        noise = torch.randn(len(maps), NOISE_CHANNELS, *size, generator=torch.Generator().manual_seed(seed)).to(self.device)
        height = torch.linspace(1, -1, size[0], device=self.device)[None, None, :, None].expand(len(maps), 1, *size)
        return torch.cat([painter(one_hot(m[None]), s[None], e[None], h[None]) for m, s, e, h in zip(maps, style, noise, height)])

    @torch.no_grad()
    def encode(self, averaged: dict, images: torch.Tensor, maps: torch.Tensor) -> torch.Tensor:
        """The styles (N, 23, 64) of photographs (N, 3, 128, 128) by the averaged encoder."""
        encoder = averaged["encoder"].eval()
        return encoder(images, self.backbone(images)[1:], one_hot(maps))

    def show(self, averaged, images, maps, small_images, small_maps) -> list[torch.Tensor]:
        """Two rows of a sample sheet: the maps in drawn styles, and in their own photographs'."""
        ids = torch.from_numpy(np.stack(small_maps).astype(np.int64)).to(self.device)
        own = self.encode(averaged, small_images.to(self.device), ids)
        maps = maps.to(self.device)
        return [self.paint(averaged, maps, self.random_styles(len(maps), 5), 5), self.paint(averaged, maps, own, 6)]

    def random_styles(self, count: int, seed: int) -> torch.Tensor:
        """Mixes of two remembered styles each, (count, 23, 64)."""
        generator = torch.Generator().manual_seed(seed)
        first, second = (self.bank[torch.randint(len(self.bank), (count,), generator=generator)] for _ in range(2))
        share = torch.rand(count, 1, 1, generator=generator).to(self.device)
        return pixel_norm(share * first + (1 - share) * second, -1)
