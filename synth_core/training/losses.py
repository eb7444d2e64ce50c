"""What generator and discriminator are told: every loss as a function of tensors. No network, no optimiser, no file."""
from __future__ import annotations

import torch
import torch.nn as nn
import torch.nn.functional as F

from .. import labels as label_set
from ..models.encoder import pool_by_label
from ..models.layers import averaged_to, exactly
from . import parallel

STRIDE = 32  # of the judges' coarsest features, pixels
FINE = 0.06  # deviation of what photographs at 256 px lose when each pixel takes its neighbourhood's mean
KEPT, LATELY = 0.999, 0.98  # of what photographs have usually had, and paintings of late, from one step to the next
LOOKS = 12  # numbers that tell a label's look: broad and narrow contrast, finest detail and strength of each colour
BROAD = 32  # pixels of the cells between which contrast is broad, and in which it is narrow
PUSHED = 4  # how hard, for each share by which paintings are off; no harder than 1


def class_weights(frequency: torch.Tensor) -> torch.Tensor:
    """(23,) shares of pixels -> (24,) weights: inverse root of the frequency, mean 1 over pixels; *fake* weighs 1."""
    weights = frequency.clamp_min(3e-4).rsqrt()
    weights = weights / (weights * frequency).sum()
    return torch.cat([weights, weights.new_ones(1)])


def read_as(logits: torch.Tensor, maps: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Cross entropy of reading each pixel as its label; logits (N, 24, h, w), maps (N, H, W) ids; unlabelled pixels count nothing."""
    maps = F.interpolate(maps[:, None].float(), size=logits.shape[2:], mode="nearest")[:, 0].long()
    each = F.cross_entropy(logits.float(), maps, weight=weights, reduction="none")
    return (each * (maps != label_set.UNLABELLED)).mean()


def read_as_fake(logits: torch.Tensor) -> torch.Tensor:
    target = torch.full(logits.shape[:1] + logits.shape[2:], label_set.FAKE, device=logits.device)
    return F.cross_entropy(logits.float(), target)


def hinge(real: list[torch.Tensor], fake: list[torch.Tensor]) -> torch.Tensor:
    """The discriminator's hinge loss, mean over its heads."""
    return sum(F.relu(1 - r.float()).mean() + F.relu(1 + f.float()).mean() for r, f in zip(real, fake)) / len(real)


def realness(fake: list[torch.Tensor]) -> torch.Tensor:
    """The generator's side of the hinge loss."""
    return -sum(f.float().mean() for f in fake) / len(fake)


class LeCam(nn.Module):
    """Keeps the heads' answers near their slowly moving means, against memorising a small collection (LeCam 2104.03310)."""

    def __init__(self):
        super().__init__()
        self.register_buffer("means", torch.zeros(2))  # of the answers to photographs and to paintings

    def forward(self, real: list[torch.Tensor], fake: list[torch.Tensor]) -> torch.Tensor:
        r, f = (torch.stack([m.float().mean((1, 2, 3)) for m in maps]) for maps in (real, fake))
        now = parallel.average(torch.stack([r.detach().mean(), f.detach().mean()]))
        self.means.lerp_(now, 0.01)
        usual_real, usual_fake = self.means.clone()
        return F.relu(r - usual_fake).square().mean() + F.relu(usual_real - f).square().mean()


def r1(head: nn.Module, real: torch.Tensor) -> torch.Tensor:
    """Gradient penalty on photographs (Mescheder et al. 2018, 1801.04406): the mean square, over pixels, of how far one pixel moves all answers."""
    real = real.detach().requires_grad_(True)
    with exactly(real.device):
        (gradient,) = torch.autograd.grad(head(real).sum(), real, create_graph=True)
    return gradient.square().mean()


def steepness(discriminator: nn.Module, image: torch.Tensor, features: list[torch.Tensor], areas: torch.Tensor) -> torch.Tensor:
    """Gradient penalty on photographs and paintings alike (R3GAN 2501.05441) over the backbone's features at strides 8, 16 and 32: the mean square of
    how far one cell's features move the answers that fall to it.

    Where the discriminator is steep the painter learns to push, not to paint. Over pixels and finer features it may be steep: what is sharp
    differs from what is soft by little. Arguments as for the discriminator, (N, ...) each.
    """
    image, fine = image.detach().float(), [level.detach().float() for level in features[:2]]
    coarse = [level.detach().float().requires_grad_(True) for level in features[2:]]
    with exactly(image.device):
        logits, heads = discriminator(image, fine + coarse, areas)
        photograph = logits[:, : label_set.FAKE].logsumexp(1) - logits[:, label_set.FAKE]
        answers = photograph.mean((1, 2)) + sum(head.mean((1, 2, 3)) for head in heads) / len(heads)
        gradients = torch.autograd.grad(answers.sum(), coarse, create_graph=True)
    return sum((gradient[0, 0].numel() * gradient.square().sum((1, 2, 3))).mean() for gradient in gradients)


def statistics(painted, painted_areas, style, style_areas) -> torch.Tensor:
    """How far the painting's look under each label is from the style photograph's, over the labels they share.

    `painted` and `style` are lists of maps, none larger than the one before (colour, its finest detail, then features at strides 2, 4, 8); areas are
    one-hot maps (N, 23, H, W).
    The look is the mean and deviation of each channel under the label. Many processes divide by their mean number of shared labels, so that
    their mean is what one process would find on all their pictures.
    """
    # shares are read at the coarsest size: means of means are the means
    shared = torch.stack([averaged_to(areas, painted[-1]).mean((2, 3)) > 0.01 for areas in (painted_areas, style_areas)]).all(0).float()
    shared[:, label_set.UNLABELLED] = 0
    count = parallel.average(shared.sum()).clamp_min(1)
    total = 0.0
    with exactly(shared.device):  # a deviation is a small difference of large numbers
        for p, s in zip(painted, style):
            painted_areas, style_areas = averaged_to(painted_areas, p), averaged_to(style_areas, s)
            pm, pd = pool_by_label(p.float(), painted_areas)
            with torch.no_grad():
                sm, sd = pool_by_label(s.float(), style_areas)
            total = total + (((pm - sm).abs().mean(2) + (pd - sd).abs().mean(2)) * shared).sum() / count
    return total / len(painted)


def finest_detail(images: torch.Tensor) -> torch.Tensor:
    """What images (N, 3, H, W) lose when each pixel takes its neighbourhood's mean, scaled to a variance of about 1 in photographs at 256 px.

    Its deviation under a label is how sharp the label looks there: the backbone's features are too coarse to ask for that.
    """
    return (images - F.avg_pool2d(F.pad(images, (1, 1, 1, 1), "replicate"), 3, 1)) / FINE


def softened(images: torch.Tensor, share: torch.Tensor) -> torch.Tensor:
    """Images (N, 3, H, W) without a share (N, 1, 1, 1) of their finest detail."""
    return images - share * FINE * finest_detail(images)


class Usual(nn.Module):
    """What labels have looked like, a running sum weighted by their shares of the pictures; `size` numbers tell a look."""

    def __init__(self, size: int, kept: float):
        super().__init__()
        self.kept = kept  # from one step to the next
        self.register_buffer("sums", torch.zeros(label_set.COUNT, size + 1))  # the looks and the shares together: a state has both or neither

    @torch.no_grad()
    def see(self, looks: torch.Tensor, shares: torch.Tensor) -> None:
        """Add the looks (N, 23, size) and shares (N, 23) of N pictures."""
        self.sums.mul_(self.kept).add_((shares[..., None] * F.pad(looks, (0, 1), value=1)).mean(0))

    def mean(self) -> torch.Tensor:
        """(23, size), over the pictures of all processes."""
        sums = parallel.average(self.sums)
        return sums[:, :-1] / sums[:, -1:].clamp_min(1e-6)

    def known(self) -> torch.Tensor:
        """(23,) bool: of which labels enough was seen."""
        return parallel.average(self.sums[:, -1]) > 0.01


class UsualDetail(nn.Module):
    """Keeps how fine a label looks in each painting to what is usual in photographs."""

    def __init__(self):
        super().__init__()
        self.photographs = Usual(3, KEPT)

    def forward(self, painted: torch.Tensor, painted_areas: torch.Tensor, real: torch.Tensor, real_areas: torch.Tensor) -> torch.Tensor:
        """How far the deviation of the finest detail under each label of pictures (N, 3, H, W) is from photographs', (M, 3, H, W); areas are one-hot
        maps (N, 23, H, W) and (M, 23, H, W)."""
        with exactly(real.device):
            self.photographs.see(*_looks(real, real_areas, _fineness))
            looks, shares = _looks(painted, painted_areas, _fineness)
            counted = ((shares > 0.01) & self.photographs.known()).float()
            off = (looks - self.photographs.mean()).abs().mean(2)
            return (off * counted).sum() / parallel.average(counted.sum()).clamp_min(1)


class UsualLook(nn.Module):
    """Moves how contrasted, fine and strongly coloured labels look in paintings to what is usual in photographs: on average over many paintings
    alone, so that one may be misty and the next crisp. Broad contrast, of light and shadow over a place, and narrow contrast are told apart:
    where one falls short, too much of the other is no cure.

    Paintings in one photograph's style and in mixed styles are looked at apart: the former are flatter, and the mean of both would tell neither.
    """

    def __init__(self):
        super().__init__()
        self.photographs = Usual(LOOKS, KEPT)
        self.plain, self.mixed = Usual(LOOKS, LATELY), Usual(LOOKS, LATELY)

    def see(
        self, painted: torch.Tensor, painted_areas: torch.Tensor, mixed: torch.Tensor, real: torch.Tensor, real_areas: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Look at paintings (N, 3, H, W), of which `mixed` (N,) bool are in mixed styles, and photographs (M, 3, H, W) with their one-hot maps (N,
        23, H, W) and (M, 23, H, W); returns by what share paintings in plain and in mixed styles have been off of late, the means over labels
        and the numbers of a look."""
        with exactly(real.device), torch.no_grad():
            self.photographs.see(*_looks(real, real_areas, _look))
            looks, shares = _looks(painted, painted_areas, _look)
            self.plain.see(looks, shares * ~mixed[:, None])
            self.mixed.see(looks, shares * mixed[:, None])
            plain, of_mixed = (off.abs().sum() / (off != 0).sum().clamp_min(1) for off in self._compared()[1])
            return plain, of_mixed

    def _compared(self):
        """What is usual, (23, 12), and by what share of it paintings in plain and in mixed styles have been off, (2, 23, 12), 0 for labels of which
        too little was seen."""
        usual = self.photographs.mean().clamp_min(1e-2)
        seen = torch.stack([paintings.known() for paintings in (self.plain, self.mixed)]) & self.photographs.known()
        lately = torch.stack([paintings.mean() for paintings in (self.plain, self.mixed)])
        return usual, (lately / usual - 1) * seen[..., None]

    def forward(self, painted: torch.Tensor, areas: torch.Tensor, mixed: torch.Tensor) -> torch.Tensor:
        """What paintings (N, 3, H, W) of one-hot maps (N, 23, H, W) are to lower, `mixed` (N,) as above: its gradient, and not its value, tells the
        way to the usual."""
        with exactly(painted.device):
            usual, off = self._compared()
            looks, shares = _looks(painted, areas, _look)
            weights = shares / parallel.average(shares.sum()).clamp_min(1e-6)
            return ((PUSHED * off[mixed.long()]).clamp(-1, 1) * looks / usual * weights[..., None]).sum((0, 1)).mean()


def _looks(images, areas, look):
    """The looks (N, 23, size) of labels in images (N, 3, H, W), and the labels' shares of the pictures, (N, 23), none for no label."""
    shares = areas.mean((2, 3))
    shares[:, label_set.UNLABELLED] = 0
    return look(images.float(), areas), shares


def _fineness(images, areas):
    """Deviation of the finest detail, (N, 23, 3)."""
    return pool_by_label(finest_detail(images), areas)[1]


def _look(images, areas):
    """Deviation of each colour between and within cells and of its finest detail, and how far it is from grey, (N, 23, 12). Sides are whole cells."""
    cells = F.avg_pool2d(images, BROAD)
    broad = pool_by_label(cells, F.avg_pool2d(areas, BROAD))[1]
    narrow = pool_by_label(images - F.interpolate(cells, scale_factor=BROAD), areas)[1]
    coloured = (images - images.mean(1, keepdim=True)).abs()
    return torch.cat([broad, narrow, _fineness(images, areas), pool_by_label(coloured, areas)[0]], 2)


def window(size: int) -> tuple[slice, slice]:
    """Rows and columns of a window somewhere in a square of `size` pixels: what the judges are shown of photographs and paintings.

    It is smaller by their coarsest stride, so their grids lie elsewhere each time and can leave no pattern of their own in the paintings
    (translation, DiffAugment 2006.10738).
    """
    side = size - STRIDE
    top, left = (int(torch.randint(STRIDE + 1, ())) for _ in range(2))
    return slice(top, top + side), slice(left, left + side)


def jitter(images: list[torch.Tensor]) -> list[torch.Tensor]:
    """One random change of brightness, saturation and contrast, each with even chance, for all images (N, 3, H, W) alike.

    Shared by photographs and paintings, so that their features can be compared. True colours stay common (DiffAugment 2006.10738).
    """
    draw = torch.rand(6).tolist()
    brightness = (draw[0] - 0.5) * 0.4 if draw[3] < 0.5 else 0.0
    saturation = 0.6 + 0.8 * draw[1] if draw[4] < 0.5 else 1.0
    contrast = 0.7 + 0.6 * draw[2] if draw[5] < 0.5 else 1.0
    changed = []
    for x in images:
        x = x + brightness
        grey = x.mean(1, keepdim=True)
        x = (x - grey) * saturation + grey
        mean = x.mean((1, 2, 3), keepdim=True)
        changed.append((x - mean) * contrast + mean)
    return changed
