"""Trace files: what is read is exactly what is written there, and what is wrong is named by its line."""

from __future__ import annotations

import gzip
import tempfile
import warnings
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archgym.simulators.dram.trace import Trace
from archgym.simulators.dram.workloads.readers import period_ps, read_trace
from archgym.simulators.dram.workloads.trace_error import TraceError, TraceWarning
from archgym.simulators.dram.workloads.writers import trace_to_csv, write_csv

DATA = Path(__file__).parent / "data"


def rows(trace: Trace) -> list[tuple[int, str, int]]:
    operations = np.where(trace.is_write, "W", "R").tolist()
    return list(zip(trace.time_ps.tolist(), operations, trace.address.tolist(), strict=True))


@pytest.fixture
def write(tmp_path):
    def _write(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return _write


# What is there


@pytest.mark.parametrize("name", ["requests.stl", "requests.stl.gz"])
def test_stl_gives_one_row_per_burst_at_the_clock_s_period(name):
    trace = read_trace(DATA / name, clock_mhz=800)
    assert rows(trace) == [
        (0, "R", 0x0),
        (3750, "W", 0x40),
        (3750, "R", 0x1C0),
        (3750, "R", 0x200),
        (12500, "W", 0x3FFFFFC0),
    ]
    assert trace.name == name
    assert not trace.relative


def test_rstl_keeps_gaps_and_adds_none_between_bursts_of_a_request(write):
    trace = read_trace(write("a.rstl", "5: read 0x40\n2: (128) read 0x80\n0: write 0x0\n"), clock_mhz=1000)
    assert trace.relative
    assert rows(trace) == [(5000, "R", 0x40), (2000, "R", 0x80), (0, "R", 0xC0), (0, "W", 0)]


def test_dramsim3(write):
    trace = read_trace(write("a.trace", "0x40 READ 0\n0xFFFFFFFFC0 WRITE 7\n"), clock_mhz=1200)
    assert rows(trace) == [(0, "R", 0x40), (7 * 833, "W", 0xFFFFFFFFC0)]


@pytest.mark.parametrize(
    "text",
    ["LD 0x1c0\nST 64\nLD 0x0\n", "R 0x1C0\nW 0x40\nR 0x0\n", "0x1C0 R\n0x40 W\n0x0 R\n"],
    ids=["load-store", "read-write", "address-first"],
)
def test_ramulator_forms_agree(write, text):
    path = write("a.trace", text)
    assert rows(read_trace(path)) == [(0, "R", 0x1C0), (0, "W", 0x40), (0, "R", 0)]
    assert read_trace(path, interval_ns=2.5).time_ps.tolist() == [0, 2500, 5000]


def test_csv_reads_times_from_their_digits(write):
    text = "time_ns,op,addr\n0,R,0x0\n0.0004, w ,0x40\n0.0005,read,128\n1.25,WRITE,0xC0\n1e3,R,0x0\n"
    trace = read_trace(write("a.csv", text))
    assert rows(trace) == [(0, "R", 0), (0, "W", 64), (1, "R", 128), (1250, "W", 192), (1_000_000, "R", 0)]


def test_csv_of_a_billion_ns_and_odd_ps_loses_nothing(write):
    # 2**53 ps is 9007199.25 s: a float of ns would already round here
    trace = read_trace(write("a.csv", "999999999999999.999,R,0x0\n"))
    assert trace.time_ps.tolist() == [999_999_999_999_999_999]


@pytest.mark.parametrize(
    ("clock_mhz", "expected"),
    [(1000, 1000), (800, 1250), (1200, 833), (933.0, 1072), (666.67, 1500), (1600, 625), (0.001, 10**9)],
)
def test_period_is_rounded_once_to_whole_ps(clock_mhz, expected):
    assert period_ps(clock_mhz) == expected


def test_the_suffix_wins_and_format_overrides_it(write):
    path = write("a.stl", "0x40 READ 1\n")
    with pytest.raises(TraceError, match="a clock cycle"):
        read_trace(path, clock_mhz=1000)
    assert rows(read_trace(path, clock_mhz=1000, format="dramsim3")) == [(1000, "R", 0x40)]


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_line_ends_comments_and_blank_lines_do_not_matter(write, line_end):
    text = line_end.join(["# time_ns, op, addr", "", "time_ns,op,addr", "  ", "1,R,0x40 # ,,", "# x", "2,W,0x80", ""])
    assert rows(read_trace(write("a.csv", text))) == [(1000, "R", 0x40), (2000, "W", 0x80)]


def test_zstd_and_gzip_hold_the_same_trace(tmp_path):
    trace = read_trace(DATA / "requests.stl", clock_mhz=800)
    for suffix in ("csv", "csv.gz", "csv.zst"):
        write_csv(trace, tmp_path / f"a.{suffix}")
        assert read_trace(tmp_path / f"a.{suffix}").content_hash == trace.content_hash


def test_equal_traces_give_equal_compressed_files(tmp_path):
    trace = read_trace(DATA / "requests.stl", clock_mhz=800)
    write_csv(trace, tmp_path / "a.csv.gz")
    write_csv(trace, tmp_path / "b.csv.gz")
    assert (tmp_path / "a.csv.gz").read_bytes() == (tmp_path / "b.csv.gz").read_bytes()


def test_an_existing_file_is_not_overwritten_unasked(tmp_path):
    trace = read_trace(DATA / "requests.stl", clock_mhz=800)
    write_csv(trace, tmp_path / "a.csv")
    with pytest.raises(FileExistsError):
        write_csv(trace, tmp_path / "a.csv")
    write_csv(trace, tmp_path / "a.csv", overwrite=True)


def test_masking_rounds_addresses_down_and_says_so(write):
    path = write("a.csv", "0,R,0x7f\n1,W,0x80\n")
    with pytest.warns(TraceWarning, match="1 of 2 addresses rounded down to 64 bytes"):
        trace = read_trace(path, unaligned="mask")
    assert trace.address.tolist() == [0x40, 0x80]


def test_a_last_line_without_line_end_is_used_with_a_warning(write):
    with pytest.warns(TraceWarning, match="no line end"):
        assert len(read_trace(write("a.csv", "0,R,0x40\n1,W,0x80"))) == 2


def test_a_comment_at_the_end_needs_no_line_end(write):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(read_trace(write("a.csv", "0,R,0x40\n# end"))) == 1


@given(
    st.lists(
        st.tuples(st.integers(0, 10**15), st.booleans(), st.integers(0, 2**58 - 1)),
        min_size=1,
        max_size=40,
    ),
    st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_csv_round_trip_is_bit_exact(requests, relative):
    times = [time for time, _, _ in requests]
    trace = Trace(
        "t",
        np.array(times if relative else sorted(times), dtype=np.int64),
        np.array([write for _, write, _ in requests]),
        np.array([line for _, _, line in requests], dtype=np.uint64) * np.uint64(64),
        relative,
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        path.write_text(trace_to_csv(trace))
        assert read_trace(path).content_hash == trace.content_hash


@given(st.decimals(0, 10**9, allow_nan=False, allow_infinity=False, places=5))
@settings(max_examples=60, deadline=None)
def test_any_decimal_time_is_rounded_half_up_to_the_ps(time_ns):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        path.write_text(f"{time_ns},R,0x0\n")
        expected = (Decimal(time_ns) * 1000).quantize(Decimal(1), rounding=ROUND_HALF_UP)
        assert read_trace(path).time_ps.tolist() == [int(expected)]


# What is wrong


BAD_LINES = [
    ("a.csv", "time_ns,op,addr\n0,R,0x0\n1,R\n", 3, "expected 'time_ns,op,addr', like '12.5,R,0x1c40', got '1,R'"),
    ("a.csv", "0,R,0x0\n1,,R,0x40\n", 2, "expected 'time_ns,op,addr', like '12.5,R,0x1c40', got '1,,R,0x40'"),
    ("a.csv", "0,R,0x0,\n", 1, "expected 'time_ns,op,addr', like '12.5,R,0x1c40', got '0,R,0x0,'"),
    ("a.csv", "0,R,0x0\n-1,R,0x40\n", 2, "expected a time in ns >= 0, got '-1'"),
    ("a.csv", "0,R,0x0\nnan,R,0x40\n", 2, "expected a time in ns >= 0, got 'nan'"),
    ("a.csv", "0,R,0x0\n1_0,R,0x40\n", 2, "expected a time in ns >= 0, got '1_0'"),
    ("a.csv", "1.2.3,R,0x0\n", 1, "expected a time in ns >= 0, got '1.2.3'"),
    ("a.csv", "0,X,0x0\n", 1, "expected R or W (also read, write), got 'X'"),
    ("a.csv", "0,R,1c40\n", 1, "expected a byte address like 0x1c40, got '1c40'"),
    ("a.csv", "0,R,0x12345678901234567\n", 1, "expected a byte address like 0x1c40, got '0x12345678901234567'"),
    ("a.csv", "5,R,0x0\n# x\n4.999,R,0x0\n", 3, "expected a stamp not before that of the line above, got '4.999'"),
    ("a.csv", "5000000000000000,R,0x0\n", 1, "expected a time in ns >= 0, got '5000000000000000'"),
    ("a.csv", "0,R,0x41\n", 1, "expected an address that is a multiple of 64 (or unaligned='mask'), got '0x41'"),
    ("a.csv", "t,op,addr\n0,R,0x0\n", 1, "expected a time in ns >= 0, got 't'"),
    ("a.stl", "0: read 0x0\n7: fetch 0x40\n", 2, "expected read or write (also R, W), got 'fetch'"),
    ("a.stl", "0: read 0x0\n-7: read 0x40\n", 2, "expected a clock cycle >= 0 of at most 18 digits, got '-7:'"),
    ("a.stl", "3: read 0x0\n2: read 0x40\n", 2, "expected a stamp not before that of the line above, got '2:'"),
    ("a.stl", "0: read\n", 1, "expected 'CYCLE: read|write 0xADDRESS', got '0: read'"),
    ("a.stl", "0: read 0xZZ\n", 1, "expected a hexadecimal address of at most 64 bits, got '0xZZ'"),
    ("a.stl", "0: (96) read 0x0\n", 1, "expected a size in bytes like (64), a power of two, got '(96)'"),
    ("a.stl", "0: (64 read 0x0\n", 1, "expected a size in bytes like (64), a power of two, got '(64'"),
    ("a.stl", "99999999999999999: read 0x0\n", 1, "expected a time below 2**62 ps, got '99999999999999999:'"),
    ("a.trace", "0x40 READ 0\n0x80 READ\n", 2, "expected '0xADDRESS READ|WRITE CYCLE', got '0x80 READ'"),
    ("a.trace", "LD 0x40\nST 0x80 3\n", 2, "expected 'LD|ST|R|W 0xADDRESS', got 'ST 0x80 3'"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "line", "message"), BAD_LINES)
def test_a_bad_line_is_named_and_shown(write, name, text, line, message):
    path = write(name, text)
    clock_mhz = None if name.endswith("csv") or "LD" in text or "0,1" in text else 1000
    with pytest.raises(TraceError) as caught:
        read_trace(path, clock_mhz=clock_mhz)
    assert str(caught.value) == f"{path}:{line}: {message}"


def test_gaps_that_add_up_to_too_much_are_refused(write):
    with pytest.raises(TraceError, match=r"a.rstl:2: expected a time below 2\*\*62 ps, got '4000000000000000:'"):
        read_trace(write("a.rstl", "4000000000000000: read 0x0\n" * 2), clock_mhz=1000)


def test_address_vectors_are_refused_as_such(write):
    with pytest.raises(TraceError, match=r"a.trace:1: expected a byte address \(address vectors are not"):
        read_trace(write("a.trace", "R 0,1,2\n"), format="ramulator")


def test_the_first_bad_line_is_named_whatever_is_wrong_with_later_ones(write):
    lines = [f"{k},R,0x40" for k in range(5000)]
    lines[3000], lines[4000] = "3000,R,zz", "x,R,0x40"
    with pytest.raises(TraceError, match=r":3001: expected a byte address"):
        read_trace(write("a.csv", "\n".join(lines) + "\n"))


def test_a_file_cut_in_a_line_says_so(write):
    with pytest.raises(TraceError, match=r":2: expected .* got '5: rea' \(the file ends in the middle of this line"):
        read_trace(write("a.stl", "0: read 0x0\n5: rea"), clock_mhz=1000)


@pytest.mark.parametrize("content", ["", "\n\n", "# nothing\n"])
@pytest.mark.parametrize("name", ["a.csv", "a.stl", "a.trace"])
def test_an_empty_trace_is_refused(write, name, content):
    with pytest.raises(TraceError, match="expected at least one request, got none"):
        read_trace(write(name, content), clock_mhz=None)


def test_a_header_alone_is_refused(write):
    with pytest.raises(TraceError, match="got only a header"):
        read_trace(write("a.csv", "time_ns,op,addr\n"))


@pytest.mark.parametrize("suffix", ["gz", "zst"])
def test_a_truncated_compressed_file_is_refused(tmp_path, suffix):
    rng = np.random.default_rng(1)
    lines = rng.integers(0, 2**25, 2000).astype(np.uint64) * np.uint64(64)
    trace = Trace("t", np.arange(2000, dtype=np.int64), np.zeros(2000, dtype=np.bool_), lines)
    path = tmp_path / f"a.csv.{suffix}"
    write_csv(trace, path)
    path.write_bytes(path.read_bytes()[:-300])
    with pytest.raises(TraceError, match="cut short"):
        read_trace(path)


def test_a_damaged_gzip_file_is_refused(write):
    content = bytearray(gzip.compress(b"0,R,0x40\n" * 50))
    content[12] ^= 0xFF
    with pytest.raises(TraceError, match="sound gzip stream"):
        read_trace(write("a.csv.gz", bytes(content)))


def test_text_named_gz_is_refused(write):
    with pytest.raises(TraceError, match="expected a compressed file by its suffix, got bytes 30 2c 52 2c"):
        read_trace(write("a.csv.gz", "0,R,0x40\n"))


def test_a_missing_file_is_one_clear_line(tmp_path):
    with pytest.raises(TraceError, match=r"absent.csv: cannot be read: No such file"):
        read_trace(tmp_path / "absent.csv")


@pytest.mark.parametrize(
    ("name", "text", "options", "message"),
    [
        ("a.stl", "0: read 0x0\n", {}, "the stamps are clock cycles; give clock_mhz"),
        ("a.csv", "0,R,0x0\n", {"clock_mhz": 800}, "the stamps are in ns; clock_mhz does not apply"),
        ("a.csv", "0,R,0x0\n", {"interval_ns": 5}, "interval_ns does not apply"),
        ("a.trace", "LD 0x0\n", {"clock_mhz": 800}, "has no stamps; give interval_ns"),
        ("a.trace", "LD 0x0\n", {"interval_ns": -1}, "interval_ns: expected a number >= 0, got -1"),
        ("a.stl", "0: read 0x0\n", {"clock_mhz": 0}, "clock_mhz: expected a number above 0"),
        ("a.stl", "0: read 0x0\n", {"clock_mhz": float("nan")}, "clock_mhz: expected a number above 0"),
        ("a.csv", "0,R,0x0\n", {"burst_bytes": 48}, "burst_bytes: expected a power of two, got 48"),
        ("a.csv", "0,R,0x0\n", {"unaligned": "fix"}, "unaligned: expected 'refuse' or 'mask', got 'fix'"),
        ("a.csv", "0,R,0x0\n", {"format": "vcd"}, "format: expected one of stl, rstl, dramsim3"),
        ("a.bin", "hello\n", {}, "cannot tell the trace's format; name one of stl, rstl"),
    ],
)
def test_an_option_that_does_not_fit_is_refused(write, name, text, options, message):
    with pytest.raises(TraceError, match=message.replace("(", r"\(")):
        read_trace(write(name, text), **options)


@given(st.binary(max_size=200), st.sampled_from(["a.csv", "a.stl", "a.rstl", "a.trace", "a.csv.gz"]))
@settings(max_examples=200, deadline=None)
def test_arbitrary_bytes_give_a_trace_or_a_trace_error(content, name):
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore", TraceWarning)
        path = Path(folder) / name
        path.write_bytes(content)
        clock_mhz = 1000 if "stl" in name else None
        try:
            message = f"{len(read_trace(path, clock_mhz=clock_mhz))} requests"
        except TraceError as error:
            message = str(error)
        assert message
        assert message != "0 requests"
        assert "\n" not in message
