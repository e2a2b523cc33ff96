import Settings
import Testing

@Suite struct SettingTextTests {
    @Test(arguments: [
        ("250ms", Duration.milliseconds(250)), ("5s", .seconds(5)), ("2m", .seconds(120)),
        ("3h", .seconds(10_800)),
        ("7d", .seconds(604_800)), ("10us", .microseconds(10)), ("5 s", .seconds(5)), ("0s", .zero),
    ])
    func readsDurations(_ text: String, _ expected: Duration) {
        #expect(SettingText.duration(text) == expected)
        #expect(SettingText.duration(SettingText.format(expected)) == expected)
    }

    @Test(arguments: ["", "5", "s", "-5s", "5.5s", "5x", "9223372036854775807d", "99999999999999999999s"])
    func refusesOtherDurations(_ text: String) {
        #expect(SettingText.duration(text) == nil)
    }

    @Test(arguments: [("512", 512), ("512B", 512), ("64KiB", 65_536), ("1MiB", 1 << 20), ("2GiB", 1 << 31)])
    func readsSizes(_ text: String, _ expected: Int) {
        #expect(SettingText.byteCount(text) == expected)
        #expect(SettingText.byteCount(SettingText.format(byteCount: expected)) == expected)
    }

    @Test(arguments: ["", "KiB", "-1", "1.5MiB", "1MB", "9223372036854775807GiB"])
    func refusesOtherSizes(_ text: String) {
        #expect(SettingText.byteCount(text) == nil)
    }
}
