import datetime

import numpy as np
import pytest

from sslzoo import data
from sslzoo.data.read import prsa

HEADER = "No,year,month,day,hour,PM2.5,PM10,SO2,NO2,CO,O3,TEMP,station"
START = datetime.datetime(2013, 3, 1)
END = datetime.datetime(2017, 3, 1)
HOURS = int((END - START).total_seconds()) // 3600


def values(hours=HOURS, seed=0):
    """(hours, 6), whole numbers, a little like air."""
    rng = np.random.default_rng(seed)
    walk = np.cumsum(rng.integers(-3, 4, (hours, 6)), axis=0)
    return (walk - walk.min(axis=0)).astype("float64")


def write(folder, table, station="Dongsi", start=START, header=HEADER):
    lines = [header]
    for number, row in enumerate(table):
        time = start + datetime.timedelta(hours=number)
        cells = ["NA" if np.isnan(cell) else f"{cell:g}" for cell in row]
        date = f"{time.year},{time.month},{time.day},{time.hour}"
        lines.append(f'{number + 1},{date},{",".join(cells)},-1.5,"{station}"')
    path = folder / f"PRSA_Data_{station}_20130301-20170228.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def hour(year, month, day, hour=0):
    return int((datetime.datetime(year, month, day, hour) - START).total_seconds()) // 3600


@pytest.fixture(scope="module")
def air(tmp_path_factory):
    """(table with missing values, folder)"""
    table, folder = values(), tmp_path_factory.mktemp("beijing_air")
    table[hour(2013, 3, 1, 0), 2] = np.nan  # before any value
    table[hour(2014, 1, 5, 20) : hour(2014, 1, 6, 3), 0] = np.nan  # the end of a window, its target
    table[hour(2016, 12, 1, 5), 1] = np.nan
    write(folder, table)
    return table, folder


def scaled(table):
    span = table[: hour(2016, 7, 1)]
    low, high = np.nanmin(span, axis=0), np.nanmax(span, axis=0)
    return (table - low) / (high - low)


def test_a_window_is_a_day_and_its_target_the_pm25_of_the_next_hour(air):
    table, folder = air
    train = data.load(folder / "Dongsi", "train")
    table = scaled(table)
    begin = hour(2015, 5, 17)
    row = (datetime.date(2015, 5, 17) - datetime.date(2013, 3, 1)).days - 1  # one day is left out
    np.testing.assert_allclose(train.series[row], table[begin : begin + 24], rtol=1e-6)
    np.testing.assert_allclose(train.targets[row], table[begin + 24, 0], rtol=1e-6)
    assert train.series.dtype == train.targets.dtype == "float32"


def test_splits_are_those_of_the_official_code(air):
    table, folder = air
    days = {"train": 1218 - 1, "validation": 121, "test": 118}  # the last day has no next hour
    for split, count in days.items():
        assert data.load(folder / "Dongsi", split).series.shape == (count, 24, 6)
    table = scaled(table)
    first = {"train": (2013, 3, 1), "validation": (2016, 7, 2), "test": (2016, 11, 2)}
    for split, date in first.items():
        series = data.load(folder / "Dongsi", split).series
        np.testing.assert_allclose(series[0, :, 0], table[hour(*date) :, 0][:24], rtol=1e-6)


def test_the_scale_is_that_of_the_training_span(air):
    table, folder = air
    later = table.copy()
    later[hour(2016, 7, 1) :] *= 10
    other = folder / "later"
    other.mkdir(exist_ok=True)
    write(other, later)
    mine, theirs = (data.load(path / "Dongsi", "train") for path in (folder, other))
    np.testing.assert_array_equal(mine.series, theirs.series)
    assert mine.series.min() >= 0 and mine.series.max() <= 1
    assert data.load(other / "Dongsi", "test").series.max() > 1


def test_missing_values_are_the_last_ones_known(air):
    table, folder = air
    train = data.load(folder / "Dongsi", "train").series
    row = (datetime.date(2014, 1, 6) - datetime.date(2013, 3, 1)).days - 1
    known = scaled(table)[hour(2014, 1, 5, 19), 0]
    np.testing.assert_allclose(train[row, :3, 0], [known] * 3, rtol=1e-6)
    assert train[row, 3, 0] != pytest.approx(known)
    assert train[0, 0, 2] == pytest.approx(np.nanmean(scaled(table)[: hour(2016, 7, 1), 2]))


def test_no_window_sees_the_future(air):
    table, folder = air
    changed, cut = table.copy(), hour(2016, 12, 1)
    changed[cut:] = 1.0
    other = folder / "changed"
    other.mkdir(exist_ok=True)
    write(other, changed)
    days = (datetime.date(2016, 12, 1) - datetime.date(2016, 11, 2)).days
    mine, theirs = (data.load(path / "Dongsi", "test").series for path in (folder, other))
    np.testing.assert_array_equal(mine[:days], theirs[:days])
    assert (mine[days] != theirs[days]).any()


def test_a_day_whose_next_hour_is_missing_is_left_out(air):
    table, folder = air
    targets = data.load(folder / "Dongsi", "train").targets
    assert np.isfinite(targets).all() and len(targets) == 1217
    row = (datetime.date(2014, 1, 5) - datetime.date(2013, 3, 1)).days
    np.testing.assert_allclose(targets[row], scaled(table)[hour(2014, 1, 7), 0], rtol=1e-6)


def test_a_file_and_a_station_are_the_same_data(air, monkeypatch):
    _, folder = air
    path = folder / "PRSA_Data_Dongsi_20130301-20170228.csv"
    np.testing.assert_array_equal(
        data.load(path, "test").series, data.load(folder / "Dongsi", "test").series
    )
    monkeypatch.setenv("SSLZOO_DATA", str(folder.parent))
    name = f"{folder.name}/Dongsi"
    assert (name, "prsa") in [row[:2] for row in data.available()]
    assert data.load(name, "test").name == "beijing_air/Dongsi"


def test_bad_files_are_refused(tmp_path):
    table = values(48)
    write(tmp_path, table, "NoColumn", header=HEADER.replace("PM10", "PM1"))
    with pytest.raises(ValueError, match="got no column 'PM10'"):
        prsa.load(tmp_path / "NoColumn")
    path = write(tmp_path, table, "Gap")
    lines = path.read_text().splitlines()
    path.write_text("\n".join(lines[:10] + lines[11:]))
    with pytest.raises(ValueError, match="got 2013-03-01 10:00:00 after 2013-03-01 08:00:00"):
        prsa.load(tmp_path / "Gap")
    for start in (START.replace(hour=5), START.replace(day=2)):
        write(tmp_path, table, "Late", start=start)
        with pytest.raises(ValueError, match=f"got {start} as its first hour; it must begin at 00"):
            prsa.load(tmp_path / "Late")
    write(tmp_path, table[:0], "Empty")
    with pytest.raises(ValueError, match="got no rows"):
        prsa.load(tmp_path / "Empty")
    write(tmp_path, table, "Short")
    with pytest.raises(ValueError, match="no split 'val'; it has"):
        prsa.load(tmp_path / "Short", "val")
    with pytest.raises(ValueError, match="got 48 hours; it must reach to 2017-02-28"):
        prsa.load(tmp_path / "Short", "test")
    with pytest.raises(ValueError, match="be FOLDER/STATION"):
        prsa.load(tmp_path / "Nowhere")
