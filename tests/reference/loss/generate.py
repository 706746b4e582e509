"""Writes crates/mdfe-loss/tests/fixtures/reference.json: losses, gradients and states from PyTorch autograd in f64.

Run from the repository root: python tests/reference/loss/generate.py

The members are written from their papers' equations, with torch's own acos, sqrt and cos. Inputs are f32 values, so that both
sides start from the same numbers.
"""
import json, math, struct, base64
import torch
import torch.nn.functional as F

assert torch.__version__.startswith("2.15.0"), torch.__version__
torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)
EPS = 1e-3  # AdaFace's


def sine(c):
    return (1 - c * c).clamp_min(1e-14).sqrt()


def rotate(c, m):
    return c * m.cos() - sine(c) * m.sin()


def additive(c, m):
    m = torch.as_tensor(m).expand_as(c)
    return torch.where(c > (math.pi - m).cos(), rotate(c, m), c - (math.pi - m).sin() * m)


class Loss:
    def __init__(self, name, classes, margins, smoothing=0.0):
        self.name, self.classes, self.margins, self.smoothing = name, classes, margins, smoothing
        self.s = {"ArcFace": 64.0, "DynamicMargin": 30.0, "LiArcFace": 64.0, "CurricularFace": 64.0, "AdaFace": 64.0, "CosFace": 64.0,
                  "NormalizedSoftmax": 20.0}.get(name, math.sqrt(2) * math.log(max(classes, 3) - 1))
        self.t, self.mean, self.std = 0.0, 20.0, 100.0

    def state(self):
        return {"AdaCos": [self.s], "CurricularFace": [self.t], "AdaFace": [self.mean, self.std]}.get(self.name, [])

    def __call__(self, x, y, w, k):
        b = len(y)
        cos = (F.normalize(x) @ F.normalize(w).T).view(b, self.classes, k).max(2).values.clamp(-1, 1)
        own = F.one_hot(y, self.classes).bool()
        t, n = cos.gather(1, y[:, None])[:, 0], self.name
        logits = cos
        if n == "ArcFace":
            phi = additive(t, torch.tensor(0.5))
        elif n == "DynamicMargin":
            phi = additive(t, self.margins[y])
        elif n == "LiArcFace":
            theta = torch.acos(cos.clamp(-1 + 1e-14, 1 - 1e-14))
            logits = (math.pi - 2 * theta) / math.pi
            phi = (math.pi - 2 * (theta.gather(1, y[:, None])[:, 0] + 0.45)) / math.pi
        elif n == "AdaCos":
            with torch.no_grad():
                if self.classes > 1:
                    average = torch.where(own, 0.0, (self.s * cos).exp()).sum(1).mean()
                    new = average.log() / math.cos(min(math.pi / 4, torch.acos(t).median().item()))
                    if math.isfinite(new) and new > 0:
                        self.s = new.item()
            phi = t
        elif n == "CurricularFace":
            self.t = 0.99 * self.t + 0.01 * t.mean().item()
            bound = rotate(t, torch.tensor(0.5)).detach()
            logits = torch.where(cos > bound[:, None], cos * (self.t + cos), cos)
            phi = additive(t, torch.tensor(0.5))
        elif n == "AdaFace":
            norm = x.detach().norm(dim=1).clamp(1e-3, 100)
            self.mean = 0.99 * self.mean + 0.01 * norm.mean().item()
            if b > 1:
                self.std = 0.99 * self.std + 0.01 * norm.std().item()
            z = (0.333 * (norm - self.mean) / (self.std + EPS)).clamp(-1, 1)
            theta = (torch.acos(t.clamp(-1 + EPS, 1 - EPS)) - 0.4 * z).clamp(EPS, math.pi - EPS)
            phi = theta.cos() - 0.4 * (1 + z)
        elif n == "CosFace":
            phi = t - 0.35
        else:
            phi = t
        return F.cross_entropy(self.s * torch.where(own, phi[:, None], logits), y, label_smoothing=self.smoothing)


def pack(t):
    """f32 values as base64: exact and short."""
    return base64.b64encode(t.detach().float().contiguous().numpy().astype("<f4").tobytes()).decode()


def margins(counts):
    c = torch.tensor(counts, dtype=torch.float64)
    if c.max() == c.min():
        return torch.full_like(c, 0.35)
    return 0.2 + 0.15 * (1 + torch.cos(math.pi * (c - c.min()) / (c.max() - c.min())))


def case(name, loss, k, steps, counts, smoothing=0.0):
    """Steps are (embedding, labels, centers), f32."""
    classes = len(counts)
    model = Loss(loss, classes, margins(counts), smoothing)
    out = dict(name=name, loss=loss, classes=classes, sub_centers=k, dim=steps[0][0].shape[1], counts=counts, steps=[])
    if smoothing:
        out["label_smoothing"] = smoothing
    for x, y, w in steps:
        x64, w64 = x.double().requires_grad_(), w.double().requires_grad_()
        value = model(x64, y, w64, k)
        value.backward()
        assert torch.isfinite(value) and torch.isfinite(x64.grad).all() and torch.isfinite(w64.grad).all(), name
        # Rows of norm 0 have gradients of 1e12, which is what the clamp of the norm says; they fit f32.
        out["steps"].append(dict(labels=y.tolist(), embedding=pack(x), centers=pack(w), loss=value.item(),
                                 embedding_grad=pack(x64.grad), centers_grad=pack(w64.grad), state=model.state()))
    return out


NAMES = ["ArcFace", "DynamicMargin", "LiArcFace", "AdaCos", "CurricularFace", "AdaFace", "CosFace", "NormalizedSoftmax"]
g = torch.Generator().manual_seed(7)
rand = lambda *s: torch.randn(*s, generator=g, dtype=torch.float32)
cases = []
for loss in NAMES:
    for k in (1, 2, 3, 5):
        c, d, b = 7, 5, 6
        steps = [(rand(b, d) * 10 ** (i - 1), torch.randint(0, c, (b,), generator=g), rand(c * k, d)) for i in range(3)]
        cases.append(case(f"random K={k}", loss, k, steps, [3, 50, 4, 9, 9, 20, 7]))
    axis = torch.eye(4, dtype=torch.float32)
    w = torch.cat([axis[:3], rand(2, 4)])
    x = torch.stack([2 * axis[0], -3 * axis[1], rand(4), rand(4)])
    cases.append(case("target cosine at +1 and -1", loss, 1, [(x, torch.tensor([0, 1, 3, 4]), w)], [5, 4, 3, 2, 1]))
    near = torch.stack([math.cos(math.pi - 0.5 + e) * axis[0] + math.sin(math.pi - 0.5 + e) * axis[1] for e in (-1e-3, 1e-3)])
    cases.append(case("target at the threshold pi - m", loss, 1, [(near, torch.tensor([0, 0]), w)], [5, 4, 3, 2, 1]))
    r = rand(4, 4)
    tiny = torch.stack([r[0] / r[0].norm() * 1e-20, torch.zeros(4), r[1] / r[1].norm() * 1e10, r[2]])
    cases.append(case("embeddings of norm 1e-20, 0 and 1e10", loss, 1, [(tiny[i:i + 1], torch.tensor([i]), w) for i in range(3)], [5, 4, 3, 2, 1]))
    cases.append(case("one class", loss, 2, [(rand(3, 4), torch.tensor([0, 0, 0]), rand(2, 4))], [8]))
    cases.append(case("equal class counts", loss, 1, [(rand(3, 4), torch.tensor([0, 1, 1]), rand(3, 4))], [4, 4, 4]))
    cases.append(case("batch of one, classes without a sample", loss, 3, [(rand(1, 4), torch.tensor([2]), rand(15, 4))], [5, 4, 3, 2, 1]))
    tie = rand(3, 4).repeat_interleave(2, 0)
    cases.append(case("ties between sub-centers", loss, 2, [(rand(3, 4), torch.tensor([0, 1, 2]), tie)], [1, 2, 3]))
# Trained embeddings are near their centers: the loss must be exact there too. 20 samples do not fill two vectors.
for loss in ("ArcFace", "CurricularFace", "LiArcFace"):
    y = torch.randint(0, 40, (20,), generator=g)
    w = rand(120, 20)
    cases.append(case("near the centers, B not a multiple of a vector", loss, 3, [(w[3 * y + 1] + 0.5 * rand(20, 20), y, w)], list(range(1, 41))))
for loss in NAMES:
    for k, smoothing in ((1, 0.1), (3, 0.3)):
        steps = [(rand(6, 5) * 10 ** (i - 1), torch.randint(0, 7, (6,), generator=g), rand(7 * k, 5)) for i in range(2)]
        cases.append(case(f"random smoothed K={k}", loss, k, steps, [3, 50, 4, 9, 9, 20, 7], smoothing))
y = torch.randint(0, 40, (20,), generator=g)
w = rand(120, 20)
x = w[3 * y + 1] + 0.5 * rand(20, 20)
cases.append(case("near the centers, smoothed", "ArcFace", 3, [(x, y, w)], list(range(1, 41)), 0.1))
path = "crates/mdfe-loss/tests/fixtures/reference.json"
with open(path, "w") as f:
    f.write("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n")
print(len(cases), "cases")
