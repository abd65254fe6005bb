# SPDX-License-Identifier: Apache-2.0
"""Weight sharing, S-Huff and LZMA: what weights cost in bits, layer by layer (docs/compression.md).

`python -m golden.compression` prints the paper's Table 2 and Fig. 6. torch is imported only where a
state dict is read.
"""

from golden.compression.archive import compress, decompress
from golden.compression.codes import LayerCodes, codes_of, from_package
from golden.compression.command import add_arguments, main
from golden.compression.measure import Found, LayerSizes, measure

__all__ = ["Found", "LayerCodes", "LayerSizes", "add_arguments", "codes_of", "compress",
           "decompress", "from_package", "main", "measure"]
