"""The arithmetic that restores fastest on this machine."""

import pathlib

__all__ = ["fastest"]

_CPU = pathlib.Path("/proc/cpuinfo")
#: x86 instructions that multiply bfloat16 twice as fast as float32.
_BFLOAT16 = {"avx512_bf16", "amx_bf16"}


def fastest() -> str:
    """Choose the fastest precision whose results differ from float32's by a grey level or two.

    Returns:
        "mixed_bfloat16" on Linux machines whose CPU computes with it, else "float32". Elsewhere
        bfloat16 is emulated, at a tenth of the speed.
    """
    try:
        lines = _CPU.read_text().splitlines()
    except OSError:
        return "float32"
    flags = next((line for line in lines if line.startswith("flags")), "")
    return "mixed_bfloat16" if _BFLOAT16 & set(flags.split()) else "float32"
