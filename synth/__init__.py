# SPDX-License-Identifier: Apache-2.0
"""What RTL costs: size, clock and energy, by open tools or by Vivado, in one kind of record."""
