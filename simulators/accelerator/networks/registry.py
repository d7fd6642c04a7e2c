"""Every network by its name, or in a file: ``resnet50``, ``mine.yaml``, ``mine.csv``, ``mine.onnx``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path

from archgym.simulators.accelerator.data_error import DataError
from archgym.simulators.accelerator.data_file import unknown
from archgym.simulators.accelerator.networks.network import Network
from archgym.simulators.accelerator.networks.network_file import read_network_csv, read_network_yaml

SHIPPED = {
    "alexnet": "AlexNet with its two groups: 0.72 G multiplications",
    "alexnet_archgym": "AlexNet's five convolutions without their groups, as in ArchGym: 1.1 G multiplications",
    "vgg16": "VGG-16: 15.5 G multiplications",
    "resnet18": "ResNet-18: 1.8 G multiplications",
    "resnet50": "ResNet-50, its strides in the 3x3 layers: 4.1 G multiplications",
    "mobilenet_v2": "MobileNet-V2 with true depthwise layers: 0.30 G multiplications",
    "efficientnet_b0": "EfficientNet-B0 with its squeeze-and-excitation layers: 0.39 G multiplications",
    "keyword_spotting": "two convolutions and a product over a spectrogram of speech: 96 M multiplications",
    "bert_base": "BERT-base on a sequence of 512 tokens: 48 G multiplications",
    "bert_base_128": "BERT-base on a sequence of 128 tokens: 11 G multiplications",
    "gpt2": "GPT-2 (124 M) reading a prompt of 1024 tokens: 106 G multiplications",
    "gpt2_decode": "GPT-2 (124 M) writing one token after 1023: 0.14 G multiplications",
    "mixed": "15 layers of all kinds, of five of the networks here",
}


def network_names() -> tuple[str, ...]:
    """The names of the networks in the package."""
    return tuple(SHIPPED)


def load_network(name_or_path: str | Path, batch: int = 1, dims: Mapping[str, int] | None = None) -> Network:
    """The network of that name in `SHIPPED`, or the one in that ``.yaml``, ``.yml``, ``.csv`` or ``.onnx`` file, for
    *batch* samples at once. *dims* are sizes of symbolic dimensions of an ONNX file, as ``{"sequence": 128}``.

    Raises `DataError`, one line: an unknown name, a broken file, a batch that is no whole number from 1 on; and its
    subclass `onnx_import.OnnxMissing` for an ONNX file without the package that reads it.
    """
    text = str(name_or_path)
    if dims and Path(text).suffix.lower() != ".onnx":
        raise DataError(f"network {text!r}: dims: only ONNX files have symbolic dimensions, leave them out")
    return _of_one_sample(text, dims or {}).with_batch(batch)


def _of_one_sample(text: str, dims: Mapping[str, int]) -> Network:
    if text in SHIPPED:
        return _shipped(text)
    path = Path(text)
    match path.suffix.lower():
        case ".yaml" | ".yml":
            return read_network_yaml(path, path.stem)
        case ".csv":
            return read_network_csv(path, path.stem)
        case ".onnx":
            # Only here: it reads a package that is not always installed.
            from archgym.simulators.accelerator.onnx_import import read_onnx

            return read_onnx(path, dims)
    raise DataError(f"{unknown('network', text, SHIPPED)}; or give a .yaml, .csv or .onnx file")


@cache
def _shipped(name: str) -> Network:
    folder = resources.files("archgym.simulators.accelerator.networks")
    return read_network_yaml(folder / f"{name}.yaml", name)
