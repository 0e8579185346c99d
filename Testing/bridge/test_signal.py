from SyntheticImagingLib.signal import Signal


def test_signal_calls_in_order_once_each_and_survives_changes():
    signal, calls = Signal(), []

    def first(value):
        calls.append(("first", value))
        signal.disconnect(first)

    def second(value):
        calls.append(("second", value))

    signal.connect(first)
    signal.connect(second)
    signal.connect(second)
    signal.emit(1)
    signal.emit(2)
    assert calls == [("first", 1), ("second", 1), ("second", 2)]
    signal.disconnect(first)
