# SPDX-License-Identifier: Apache-2.0
"""`python3 -m sim registers`: what is made from rtl/registers.toml, and whether it is fresh."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from golden.files import write_atomic
from host import registers
from host.registers import Field, Register
from sim.paths import ROOT

VERILOG = "rtl/engine/register_map.v"
PAGE = "docs/registers.md"
BLOCK = 8  # words of a block, see _reads

_HEAD = """\
// SPDX-License-Identifier: Apache-2.0
//
// register_map: the accelerator's registers, made from rtl/registers.toml by `python3 -m sim
// registers`. Do not edit: change the table.
//
// Decodes word addresses, holds what is configured, turns command bits into pulses of one cycle.
// `locked` keeps configuration and channel registers as they are. write_word stands still from the
// cycle before `write` on; write_ok says whether it may be written. read_ok and read_data come in
// the cycle after read_word: each block of eight words chooses one of its own, then the block is
// chosen. A register that commits raises its `_stored` in the cycle after the write and adds 1 to
// its channel address with it.
//
// Ports are named REGISTER_FIELD. No parameters.
`default_nettype none
"""


def _port(register: Register, field: Field) -> str:
    return f"{register.name}_{field.name}".lower()


def _range(field: Field) -> str:
    return f"[{field.width - 1}:0]" if field.width > 1 else ""


def _slice(field: Field) -> str:
    return f"[{field.high}:{field.low}]" if field.width > 1 else f"[{field.low}]"


def _ports(table: Iterable[Register]) -> Iterator[tuple[str, str, str, str]]:
    """Yield (direction, kind, range, name) of the ports that follow from the table."""
    for register in table:
        for field in register.fields:
            if field.value is None:
                way = ("input", "wire") if register.access == "ro" else ("output", "reg")
                yield *way, _range(field), _port(register, field)
        if register.commits:
            yield "output", "reg", "", f"{register.name.lower()}_stored"


def _word(register: Register) -> str:
    """The 32 bits that a read gives, highest field first, zeros where no field is."""
    if register.access == "pulse":
        return "32'd0"
    parts: list[str] = []
    above = 32
    for field in reversed(register.fields):
        if above > field.high + 1:
            parts.append(f"{above - field.high - 1}'d0")
        fixed = field.value is not None
        parts.append(f"{field.width}'h{field.value:X}" if fixed else _port(register, field))
        above = field.low
    if above:
        parts.append(f"{above}'d0")
    if len(parts) == 1:
        return parts[0]
    lines = [""]
    for part in parts:  # wrapped below 100 columns
        if len(lines[-1]) + len(part) > 56:
            lines.append("")
        lines[-1] += f"{part}, "
    return "{" + ("\n" + " " * 37).join(line.rstrip() for line in lines).rstrip(",") + "}"


def _cases(table: Iterable[Register]) -> Iterator[str]:
    for register in table:
        if register.access == "ro":
            continue
        name = register.name.lower()
        guard = " && !locked" if register.access == "rw" else ""
        moves = [f"{_port(register, f)} <= write_data{_slice(f)};" for f in register.fields]
        if register.commits:
            moves.append(f"{name}_stored <= 1'b1;")
        if len(moves) == 1:
            yield f"        if (write && is_{name}{guard}) {moves[0]}"
        else:
            yield f"        if (write && is_{name}{guard}) begin"
            yield from (f"            {move}" for move in moves)
            yield "        end"


def _reads(table: list[Register]) -> Iterator[str]:
    """The two cycles of a read: a word of each block, then one of the blocks."""
    blocks: dict[int, list[Register]] = {}
    for register in table:
        blocks.setdefault(register.offset // 4 // BLOCK, []).append(register)
    yield f"    reg [31:0] {', '.join(f'block_{block}' for block in blocks)};"
    yield from ("    reg [6:0]  read_block;", "    reg        known;", "")
    yield from ("    always @(posedge clk) begin", "        read_block <= read_word[9:3];",
                "        case (read_word)")  # fmt: skip
    yield f"            {_list(register.name for register in table)}: known <= 1'b1;"
    yield from ("            default: known <= 1'b0;", "        endcase")
    for block, members in blocks.items():
        yield "        case (read_word[2:0])"
        for register in members:
            label = f"3'd{register.offset // 4 % BLOCK}:"
            word = _word(register).replace("\n", "\n     ")
            yield f"            {label:8}block_{block} <= {word};"
        yield from (f"            {'default:':8} block_{block} <= 32'd0;", "        endcase")
    yield from ("    end", "", "    always @* begin", "        read_ok = known;",
                "        case (read_block)")  # fmt: skip
    for block in blocks:
        label = f"7'd{block}:"
        yield f"            {label:8} read_data = known ? block_{block} : 32'd0;"
    yield from ("            default: read_data = 32'd0;", "        endcase", "    end", "")


def verilog(registers_by_name: Mapping[str, Register]) -> str:
    """The text of register_map.v."""
    table = list(registers_by_name.values())
    ports = [
        ("input", "wire", "", "clk"), ("input", "wire", "", "rst"), ("input", "wire", "", "locked"),
        ("input", "wire", "", "write"), ("input", "wire", "[9:0]", "write_word"),
        ("input", "wire", "[31:0]", "write_data"), ("output", "reg", "", "write_ok"),
        ("output", "reg", "", "write_refused"), ("input", "wire", "[9:0]", "read_word"),
        ("output", "reg", "[31:0]", "read_data"), ("output", "reg", "", "read_ok"),
        *_ports(table),
    ]  # fmt: skip
    rows = [f"    {way:6} {kind:4} {span:6} {name}" for way, kind, span, name in ports]
    out = [_HEAD, "module register_map ("]
    out += [",\n".join(rows), ");", ""]
    out += [f"    localparam [9:0] A_{r.name:14} = 10'h{r.offset // 4:03X};" for r in table]
    writable = [r for r in table if r.access != "ro"]
    locked = [r for r in table if r.access == "rw"]
    pulsed = [r for r in table if r.access == "pulse"]
    pulses = [_port(r, f) for r in pulsed for f in r.fields]
    pulses += [f"{r.name.lower()}_stored" for r in table if r.commits]
    held = [(_port(r, f), f) for r in locked for f in r.fields]
    widths = {_port(r, f): f.width for r in locked for f in r.fields}
    out += ["", "    // What write_word is.", "    reg configures, commands;"]
    out += [f"    reg is_{r.name.lower()};" for r in writable]
    out += ["", "    always @* begin", "        write_ok      = configures || commands;",
            "        write_refused = write && locked && configures;", "    end", ""]  # fmt: skip
    out += ["    always @(posedge clk) begin", "        configures <= 1'b0;",
            "        commands   <= 1'b0;", "        case (write_word)"]  # fmt: skip
    out.append(f"            {_list(r.name for r in locked)}: configures <= 1'b1;")
    out.append(f"            {_list(r.name for r in pulsed)}: commands <= 1'b1;")
    out += ["            default: ;", "        endcase"]
    out += [f"        is_{r.name.lower()} <= write_word == A_{r.name};" for r in writable]
    out += ["    end", ""]
    out += _reads(table)
    out.append("    always @(posedge clk) begin")
    out += [f"        {name} <= 1'b0;" for name in pulses]
    for register in table:
        if register.commits:
            target = registers_by_name[register.commits]
            name = _port(target, target.fields[0])
            one = f"{widths[name]}'d1"
            out.append(f"        if ({register.name.lower()}_stored) {name} <= {name} + {one};")
    out += [*_cases(table), "        if (rst) begin"]
    out += [f"            {name} <= 1'b0;" for name in pulses]
    out += [f"            {name} <= {field.width}'d{field.reset};" for name, field in held]
    out += ["        end", "    end", "endmodule", "", "`default_nettype wire", ""]
    return "\n".join(out)


def _list(names: Iterable[str]) -> str:
    lines = [""]
    for name in names:
        if len(lines[-1]) + len(name) > 76:
            lines.append("")
        lines[-1] += f"A_{name}, "
    return ("\n" + " " * 12).join(line.rstrip() for line in lines).rstrip(",")


_PAGE_HEAD = """\
# Registers

Made from `rtl/registers.toml` by `python3 -m sim registers`; do not edit. The Verilog decoder
`rtl/engine/register_map.v` comes from the same table, and `host/registers.py` and the testbenches
read it.

AXI4-Lite, 12-bit byte addresses, 32-bit data. Address bits 1:0 are not looked at.

- **ro** is the hardware's value, **rw** is held, **pulse** acts once when a 1 is written and reads
  0. Bits that are not in the table read 0 and may be written with anything.
- SLVERR answers an address that is not in the table, a write to a ro register, and a write that
  does not carry all four bytes (WSTRB other than 1111). Nothing changes then; such a read gives 0.
- Everything rw is configuration. A write to it while `STATUS.busy` is answered OKAY, changes
  nothing and sets `STATUS.refused_write`.
- A start is refused while busy and in the error state (an error at run time, until `clear`):
  nothing happens but `STATUS.refused_start`.
- Channel parameters: write `CHANNEL` once, then for each channel `CHANNEL_DATA0`, `1`, `2`. The
  last write stores the channel and moves `CHANNEL` on.
- After reset a rw field is 0 where the table below says nothing else.

| offset | register | access | meaning |
|---|---|---|---|
"""


def page(registers_by_name: Mapping[str, Register]) -> str:
    """The text of docs/registers.md."""
    table = registers_by_name.values()
    out = [_PAGE_HEAD.rstrip("\n")]
    out += [f"| 0x{r.offset:03X} | `{r.name}` | {r.access} | {r.about} |" for r in table]
    out += ["", "## Fields", "", "| register | bits | field | meaning |", "|---|---|---|---|"]
    for register in table:
        for field in register.fields:
            bits = f"{field.high}:{field.low}" if field.width > 1 else f"{field.low}"
            more = "" if field.value is None else f"; always {field.value:#x}"
            more += f"; {field.reset} after reset" if field.reset else ""
            out.append(f"| `{register.name}` | {bits} | `{field.name}` | {field.about}{more} |")
    return "\n".join(out) + "\n"


def made(root: Path = ROOT) -> dict[Path, str]:
    """What each file must contain."""
    table = registers.load(root / "rtl" / "registers.toml")
    return {root / VERILOG: verilog(table), root / PAGE: page(table)}


def stale(root: Path = ROOT) -> list[str]:
    """One line for each file that is not what the table says."""
    lines = []
    for path, text in made(root).items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            name = path.relative_to(root).as_posix()
            lines.append(f"{name} is not what rtl/registers.toml says: python3 -m sim registers")
    return lines


def run(_: Mapping[str, str]) -> int:
    """Write the files that changed."""
    for path, text in made().items():
        name = path.relative_to(ROOT).as_posix()
        fresh = path.exists() and path.read_text(encoding="utf-8") == text
        if not fresh:
            write_atomic(path, text.encode())
        print(f"{name}: {'up to date' if fresh else 'written'}")
    return 0
