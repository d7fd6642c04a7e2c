"""Prices agree with what CACTI, Aladdin and Accelergy print, and points between the rows lie between them."""

from __future__ import annotations

import math

import pytest

from archgym.simulators.accelerator.data_error import DataError
from archgym.simulators.accelerator.pricing.component import ComponentSpec
from archgym.simulators.accelerator.pricing.price_grid import PRICES, price_grid
from archgym.simulators.accelerator.pricing.technology_file import SHIPPED, load_technology, prices

ARCHGYM = "accelergy-0.3-archgym"

# CACTI 7, one bank, one port, 64 bits: KiB -> read pJ, write pJ, um2, leakage uW. (1 uW is 0.001 pJ per cycle of 1 ns.)
CACTI = {
    "accelergy-0.4": {
        1: (1.670, 3.492, 3_599, 0.04),
        4: (3.386, 6.454, 13_503, 0.14),
        16: (11.610, 10.697, 50_742, 0.47),
        128: (32.286, 26.065, 429_589, 3.34),
        2048: (127.527, 110.190, 6_465_960, 49.93),
    },
    "accelergy-0.4-32nm": {16: (6.548, 5.751, 25_665, 0.80), 1024: (52.028, 41.226, 1_650_300, 41.91)},
    "accelergy-0.4-22nm": {16: (2.644, 2.280, 15_074, 2.87), 1024: (23.467, 17.501, 778_459, 137.89)},
}


def sram(depth: int, width: int = 64, banks: int = 1, ports: int | None = None) -> ComponentSpec:
    return ComponentSpec("SRAM", depth, width, banks, ports)


@pytest.mark.parametrize("technology", CACTI)
def test_sram_costs_what_cacti_says(technology):
    for kib, (read, write, area, leak) in CACTI[technology].items():
        price = prices(technology, sram(kib * 1024 * 8 // 64))
        assert (price.read_pj, price.write_pj) == pytest.approx((read, write), abs=6e-4)
        assert price.area_um2 == pytest.approx(area, abs=0.6)
        assert price.leak_pj == pytest.approx(leak / 1000, abs=6e-6)


@pytest.mark.parametrize(
    ("depth", "width", "read", "area"),
    # Accelergy's own answers for memories that it scales down from CACTI's smallest.
    [(64, 16, 0.437, 528), (128, 16, 0.550, 947), (192, 16, 0.628, 1330), (512, 16, 1.451, 3610)],
)
def test_sram_narrower_than_32_bits_is_scaled_down(depth, width, read, area):
    price = prices("accelergy-0.4", sram(depth, width))
    assert (price.read_pj, price.area_um2) == pytest.approx((read, area), rel=2e-3)


def test_scaling_below_cactis_smallest_follows_the_plug_ins_formula():
    smallest = prices("accelergy-0.4", sram(64, 32))
    price = prices("accelergy-0.4", sram(24, 24))
    assert price.read_pj == pytest.approx(smallest.read_pj * (0.7 * 24 / 32 + 0.3) * (24 / 64) ** 0.78)
    assert price.area_um2 == pytest.approx(smallest.area_um2 * (24 / 32) * (24 / 64))
    assert price.leak_pj == pytest.approx(smallest.leak_pj * (24 / 32) * (24 / 64))


def test_banks_that_are_no_power_of_two_leak_in_proportion():
    next_power, price = (prices("accelergy-0.4", sram(16384, banks=banks)) for banks in (32, 24))
    assert price.read_pj == next_power.read_pj
    assert price.leak_pj == pytest.approx(next_power.leak_pj * 24 / 32)


@pytest.mark.parametrize(
    ("depth", "pj", "area"), [(2, 0.0108, 10), (12, 0.0532, 111), (16, 0.0679, 146), (24, 0.1195, 268)]
)
def test_regfile_costs_what_aladdin_says(depth, pj, area):
    price = prices("accelergy-0.4", ComponentSpec("regfile", depth, 16))
    assert price.read_pj == price.write_pj == price.update_pj == pytest.approx(pj, abs=6e-5)
    assert price.area_um2 == pytest.approx(area, abs=0.6)


def test_multiplier_costs_what_aladdin_says_at_each_clock():
    now, then = (prices(name, ComponentSpec("intmac", width_bits=16)) for name in ("accelergy-0.4", ARCHGYM))
    assert (now.read_pj, now.leak_pj, now.area_um2) == pytest.approx((3.275, 0.02115, 1726.5))
    assert (then.read_pj, then.area_um2) == pytest.approx((2.20035, 1239.5))


@pytest.mark.parametrize(
    ("kind", "depth", "read", "write", "area"),
    # From the energy and area tables that ArchGym's repository archives of its own runs.
    [("smartbuffer_SRAM", 8192, 11.1845, 5.8727, 104277.0), ("smartbuffer_RF", 512, 4.37096, 4.37096, 10354.68)],
)
def test_smart_buffers_cost_what_archgym_charged(kind, depth, read, write, area):
    price = prices(ARCHGYM, ComponentSpec(kind, depth, 16))
    assert (price.read_pj, price.write_pj, price.area_um2) == pytest.approx((read, write, area), rel=1e-5)
    assert price.leak_pj == 0.0


def test_smart_buffer_is_its_storage_and_two_adders_of_the_address():
    storage = prices("accelergy-0.4", sram(1000, 32))
    price = prices("accelergy-0.4", ComponentSpec("smartbuffer_SRAM", 1000, 32))
    assert price.read_pj - storage.read_pj == pytest.approx(0.21 * 10 / 32)
    assert price.area_um2 - storage.area_um2 == pytest.approx(2 * 278 * 10 / 32)
    assert price.leak_pj - storage.leak_pj == pytest.approx(2 * 0.0023 * 10 / 32)


@pytest.mark.parametrize(("kind", "pj"), [("DRAM", 512), ("LPDDR4", 512), ("HBM2", 249.6), ("DDR3", 4480)])
def test_dram_costs_an_energy_per_bit(kind, pj):
    price = prices("accelergy-0.4", ComponentSpec(kind, width_bits=64))
    assert (price.read_pj, price.area_um2, price.leak_pj) == (pytest.approx(pj), 0.0, 0.0)


def test_between_two_depths_the_price_is_on_the_power_law_through_them():
    low, high = (prices("accelergy-0.4", sram(depth)) for depth in (4096, 8192))
    middle = prices("accelergy-0.4", sram(round(4096 * math.sqrt(2))))
    assert middle.read_pj == pytest.approx(math.sqrt(low.read_pj * high.read_pj), rel=1e-4)
    assert middle.source.endswith("interpolated")
    assert not low.source.endswith("interpolated")


def test_reads_and_area_never_fall_with_the_depth_nor_with_the_width():
    by_depth = [prices("accelergy-0.4", sram(depth)) for depth in range(2, 9000, 97)]
    by_width = [prices("accelergy-0.4", sram(4096, width)) for width in range(1, 129)]
    for run in (by_depth, by_width):
        for name in ("read_pj", "area_um2"):
            values = [getattr(price, name) for price in run]
            assert values == sorted(values)


@pytest.mark.parametrize(
    ("technology", "spec", "message"),
    [
        ("accelergy-0.4", sram(300_000), "depth: no price for 300000: the table goes from 64 to 262144, use 262144"),
        ("accelergy-0.4", sram(1024, 256), "width_bits: no price for 256: the table goes from 32 to 128, use 128"),
        ("accelergy-0.4", sram(65536, banks=256), "n_banks: no price for 256, the nearest that has one is 128"),
        ("accelergy-0.4", sram(1024, ports=4), "n_rw_ports: no price for 4, use 2"),
        (ARCHGYM, sram(1024, banks=128), "depth: no price for 1024: the table goes from 4096 to 65536, use 4096"),
        (ARCHGYM, sram(1024, 48), "width_bits: no price between widths, use 32"),
        ("accelergy-0.4-22nm", ComponentSpec("regfile", 16), "'accelergy-0.4-22nm': component 'regfile': known: "),
        ("accelergy-0.4", ComponentSpec("sram", 16), "component 'sram': known: regfile, SRAM"),
        ("accelergy-0.5", sram(16), "technology 'accelergy-0.5': did you mean 'accelergy-0.4'?"),
    ],
)
def test_what_has_no_price_is_an_error_that_names_the_nearest(technology, spec, message):
    with pytest.raises(DataError) as error:
        prices(technology, spec)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_memories_too_small_for_cacti_are_registers_or_a_placeholder_in_archgyms_prices():
    assert prices(ARCHGYM, sram(16, 16)) == prices(ARCHGYM, ComponentSpec("regfile", 16, 16))
    assert prices(ARCHGYM, sram(4, 64)).area_um2 == 1.0
    assert "placeholder" in prices(ARCHGYM, sram(4, 64)).source
    # The smallest that CACTI is asked for has 64 blocks of 8 bytes.
    assert prices(ARCHGYM, sram(8, 64)).area_um2 == prices(ARCHGYM, sram(64, 64)).area_um2


def test_a_users_technology_differs_where_it_says_so(tmp_path):
    (tmp_path / "mram.json").write_text(
        '{"origin": "a paper", "tables": [{"width_bits": 64, "depth": [64, 4096], "read_pj": [1, 4],'
        ' "write_pj": [2, 8], "leak_pj": [0, 0], "area_um2": [100, 6400]}]}'
    )
    (tmp_path / "mine.yaml").write_text(
        "extends: accelergy-0.4\norigin: mine\nprimitives:\n"
        "  adder: {bits: 32, energy_pj: 0.1, leak_pj: 0, area_um2: 100}\n"
        "components:\n  mram: {rule: table, table: mram.json}\n"
        "  eDRAM: {rule: scaled, of: SRAM, energy: 0.9, area: 0.5}\n"
        "  latch: {rule: fixed, read_pj: 1e-2, write_pj: 0.02, leak_pj: 1e-5, area_um2: 30}\n"
        "  HBM2: null\n"
    )
    mine = load_technology(tmp_path / "mine.yaml")
    assert mine.price(ComponentSpec("mram", 512, 64)).read_pj == pytest.approx(2.0)  # half of the way in logarithms
    base = prices("accelergy-0.4", sram(512))
    assert mine.price(ComponentSpec("eDRAM", 512, 64)).read_pj == pytest.approx(0.9 * base.read_pj)
    assert mine.price(ComponentSpec("latch", 8)).update_pj == 0.02
    assert mine.price(ComponentSpec("intmac", width_bits=32)).read_pj == pytest.approx(12.68 + 0.1)
    assert "HBM2" not in mine.rules


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("extends: accelergy-04\norigin: x\n", "extends 'accelergy-04': did you mean 'accelergy-0.4'?"),
        ("extends: mine.yaml\norigin: x\n", "the technology extends itself"),
        ("origin: x\ncomponent: {}\n", "unknown key 'component': did you mean 'components'?"),
        ("components: {}\n", "origin: expected a text, got nothing"),
        ("origin: x\ncomponents: {a: {rule: tables}}\n", "a: rule 'tables': did you mean 'table'?"),
        ("origin: x\ncomponents: {a: {rule: per_bit, pj_per_bit: -1}}\n", "expected a number from 0 on, got -1"),
        ("origin: x\ncomponents: {a: {rule: scaled, of: b}, b: {rule: scaled, of: a}}\n", "a -> b -> a"),
        ("origin: x\ncomponents: {a: {rule: scaled, of: b}}\n", "component 'b'"),
        ("origin: x\ncomponents: {a: null}\n", "there is nothing to take away"),
        ("origin: x\norigin: y\n", "line 2: key 'origin' is given twice, first in line 1"),
        ("origin: [x\n", "line "),
        ("origin: x\ncomponents: {a: {rule: table, table: none.json}}\n", "none.json: cannot be read"),
        (
            "origin: x\ncomponents: {a: {rule: table, table: {origin: x, tables: [{width_bits: 8, depth: [2, 1], "
            "read_pj: [1, 1], write_pj: [1, 1], leak_pj: [1, 1], area_um2: [1, 1]}]}}}\n",
            "tables[0]: depth: expected whole numbers in increasing order",
        ),
    ],
)
def test_a_broken_technology_is_one_line_that_says_where(tmp_path, text, message):
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(DataError) as error:
        load_technology(path)
    assert message in str(error.value)
    assert str(tmp_path) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_grid_holds_the_same_prices_and_nan_where_there_is_none():
    technology = load_technology(ARCHGYM)
    grid = price_grid(technology, ["SRAM", "regfile"], [1024, 4096], [16, 64], [1, 128])
    assert grid.shape == (2, 2, 2, 2, len(PRICES))
    price = technology.price(sram(4096, banks=128))
    assert grid[0, 1, 1, 1].tolist() == [getattr(price, name) for name in PRICES]
    assert math.isnan(grid[0, 0, 1, 1, 0])  # CACTI finds no way to cut 1024 words into 128 banks
    assert grid[1, 0, 0, 0, 0] == grid[1, 0, 0, 1, 0]  # banks mean nothing to registers


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_technology_says_where_it_comes_from(name):
    assert len(load_technology(name).origin) > 40
