"""Tiny text towers of every variant, with the features that OpenCLIP computes, and sentences as OpenCLIP's tokenizers cut them.

    python tests/reference/backbones/text.py       # writes fixtures/text_*.safetensors and fixtures/text_tokens/ beside this file

Each safetensors file holds a checkpoint as published (`w.*`: the text tower in its scope, a key of an image tower and the logit scale
beside it), rounded to f16 before anything is computed; the tokens (`in.tokens`, [3, T]); the features (`out.features`); and, as metadata,
the architecture in mdfe's words.
"""
import functools
import json
import pathlib

import open_clip
import torch
import transformers
from open_clip.tokenizer import SimpleTokenizer, get_clean_fn
from open_clip.transformer import LayerNorm, QuickGELU, TextTransformer
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

assert (open_clip.__version__, transformers.__version__) == ("3.3.0", "5.23.0"), "made with open_clip 3.3.0 and transformers 5.23.0"
torch.set_num_threads(1)
HERE = pathlib.Path(__file__).parent / "fixtures"
T, VOCAB, WIDTH, HEADS, LAYERS, DIM = 8, 32, 16, 2, 2, 12
ACTIVATIONS = {"gelu": torch.nn.GELU, "quick_gelu": QuickGELU, "gelu_tanh": functools.partial(torch.nn.GELU, approximate="tanh")}

# name: scope in the checkpoint, activation, eps, causal, pool, projection
VARIANTS = {
    "clip": ("", "gelu", 1e-5, True, "argmax", "matrix"),
    "clip_quick": ("", "quick_gelu", 1e-5, True, "argmax", "matrix"),
    "clipa": ("", "gelu", 1e-5, False, "last", "matrix"),
    "eva": ("text.", "gelu", 1e-5, True, "argmax", "matrix"),
    "siglip": ("text.", "gelu", 1e-6, False, "last", "linear"),
    "siglip2": ("text.", "gelu_tanh", 1e-6, False, "last", "linear"),
    "siglip_i18n": ("text.", "gelu", 1e-6, False, "last", "none"),
    "worldwide": ("", "gelu", 1e-5, True, {"eos": 2}, "matrix"),
}


def randomise(model, seed):
    """Every parameter random and exact in f16, so that none can be forgotten."""
    g = torch.Generator().manual_seed(seed)
    for name, p in model.named_parameters():
        n = torch.randn(p.shape, generator=g)
        n = 1 + 0.2 * n if "ln_" in name and name.endswith("weight") else 0.2 * n if p.ndim == 1 else n / 4
        p.data.copy_(n.half().float())


def towers():
    for seed, (name, (scope, act, eps, causal, pool, projection)) in enumerate(VARIANTS.items()):
        dim = WIDTH if projection == "none" else DIM
        model = TextTransformer(
            context_length=T, vocab_size=VOCAB, width=WIDTH, heads=HEADS, layers=LAYERS, output_dim=dim, no_causal_mask=not causal,
            pool_type="eos" if isinstance(pool, dict) else pool, eos_id=2, proj_type="none" if projection == "none" else "linear",
            proj_bias=projection == "linear", act_layer=ACTIVATIONS[act], norm_layer=functools.partial(LayerNorm, eps=eps),
        ).eval()
        randomise(model, seed)
        # Sentences of 3, 6 and all tokens; 31 is the highest number and stands twice in one of them, 2 is the end for `worldwide`.
        tokens = torch.tensor([[30, 5, 31, 0, 0, 0, 0, 0], [30, 7, 8, 31, 2, 31, 2, 0], [30, 9, 1, 3, 4, 6, 2, 31]])
        with torch.inference_mode():
            features = model(tokens)
        config = dict(
            context_length=T, vocab_size=VOCAB, width=WIDTH, heads=HEADS, layers=LAYERS, mlp_dim=4 * WIDTH, activation=act,
            norm_eps=eps, causal=causal, pool=pool, projection=projection, embed_dim=dim, tokenizer=None, clean="lower", strip_sep=False,
        )
        weights = {f"w.{scope}{k}": v.half() for k, v in model.state_dict().items()}
        weights |= {"w.visual.proj": torch.zeros(2, 2).half(), "w.logit_scale": torch.zeros(()).half()}
        out = {"in.tokens": tokens.to(torch.uint32), "out.features": features.contiguous()}
        save_file(weights | out, HERE / f"text_{name}.safetensors", metadata={"architecture": json.dumps(config)})
        print(name, float(features.abs().mean()))


SENTENCES = [
    "a photo of a cat",
    "  A red   MUG,\twith the word 'Café' on it!\n",
    "it's 1984: don't you_know?",
    "日本の寺 and 2 emoji 😀🚀",
    "ÀÉÎ ß Ω straße",
    "",
    "hello " * 90,
    "internationalisation of antidisestablishmentarianism",
]


def tiny_t5():
    """A SentencePiece-like unigram model with T5's marks: `</s>` ends a sentence and pads it."""
    pieces = ["</s>", "<unk>", "▁", "▁a", "▁cat", "▁red", "▁mug", "a", "c", "t", "h", "e", "l", "o", "▁hello", "it", "s", "1", "9", "8", "4"]
    tokenizer = Tokenizer(models.Unigram([(p, 0.0 if i < 2 else -float(len(pieces) - i)) for i, p in enumerate(pieces)], unk_id=1))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 0)])
    return tokenizer, dict(pad_token="</s>", eos_token="</s>", unk_token="<unk>")


def tiny_bert():
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "photo", "of", "cat", "hello", "red", "mug", "##s", "it", "'", "s", ","]
    tokenizer = Tokenizer(models.WordPiece({w: i for i, w in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    return tokenizer, dict(pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]", unk_token="[UNK]")


def from_file(make, name, clean, strip_sep, length):
    """What OpenCLIP's `HFTokenizer` does with a fast tokenizer."""
    folder = HERE / "text_tokens" / name
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer, special = make()
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    (folder / "tokenizer_config.json").write_text(json.dumps(special, indent=1) + "\n")
    fast = transformers.PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"), **special)
    texts = [get_clean_fn(clean)(s) for s in SENTENCES]
    ids = fast(texts, return_tensors="pt", max_length=length, padding="max_length", truncation=True).input_ids
    if strip_sep:
        ids = torch.where(ids == fast.sep_token_id, torch.zeros_like(ids), ids)
    return dict(clean=clean, strip_sep=strip_sep, context_length=length, tokens=ids.tolist())


def tokens():
    (HERE / "text_tokens").mkdir(exist_ok=True)
    expected = {
        "sentences": SENTENCES,
        "clip": dict(clean="lower", strip_sep=False, context_length=77, tokens=SimpleTokenizer()(SENTENCES).tolist()),
        "t5": from_file(tiny_t5, "t5", "canonicalize", False, 16),
        "bert": from_file(tiny_bert, "bert", "whitespace", True, 12),
    }
    (HERE / "text_tokens" / "expected.json").write_text(json.dumps(expected) + "\n")


towers()
tokens()
