import Contracts
import Testing

@testable import steward

@Suite struct CalendarEditTests {
    @Test func hoursOfSomeDaysAreSetAndOthersStay() throws {
        var edit = CalendarEdit(nil, of: .all)
        try edit.setHours(
            CalendarEdit.weekdays("wednesday-friday"), CalendarEdit.hours(["09:00-12:00", "13:00-18:00"]))
        try edit.setHours(CalendarEdit.weekdays("Monday"), CalendarEdit.hours(["none"]))
        let text = CalendarText.summary(edit.calendar)
        #expect(text == "TUESDAY 09:00-17:00, WEDNESDAY-FRIDAY 09:00-12:00 13:00-18:00")
    }

    @Test func anExceptionBeginsWithTheHoursOfAllAndEndsWithItsLastDay() throws {
        let user = CalendarEdit.Subject.user("u")
        var edit = CalendarEdit(nil, of: user)
        edit.add([SpecialDay(date: "2026-12-24")])
        let added = edit.calendar
        #expect(added.exceptions == [CalendarException(userID: "u", days: [SpecialDay(date: "2026-12-24")])])
        #expect(added.days.isEmpty && added.hours == CalendarEdit.usualHours)
        var again = CalendarEdit(added, of: user)
        try again.remove(["2026-12-24"])
        let removed = again.calendar
        #expect(removed.exceptions.isEmpty)
        var hours = CalendarEdit(added, of: user)
        try hours.setHours(CalendarEdit.weekdays("friday"), [])
        let shortened = hours.calendar.exceptions.first?.hours.count
        #expect(shortened == 4)
        #expect(throws: UsageProblem.self) { try again.remove(["2026-12-24"]) }
        let week = try CalendarEdit.weekdays("monday-sunday")
        #expect(throws: UsageProblem.self) { try hours.setHours(week, []) }
    }

    @Test func aDayThatIsThereBecomesAsItIsGiven() {
        var edit = CalendarEdit(nil, of: .all)
        edit.add([SpecialDay(date: "2026-10-02"), SpecialDay(date: "2026-10-01", displayName: "国庆节")])
        edit.add([SpecialDay(date: "2026-10-02", displayName: "National Day")])
        let names = edit.calendar.days.map { "\($0.date ?? "") \($0.displayName ?? "")" }
        #expect(names == ["2026-10-01 国庆节", "2026-10-02 National Day"])
    }

    @Test(arguments: ["", "funday", "friday-monday", "monday-friday-sunday"])
    func wordsThatAreNoDaysAreRefused(_ text: String) {
        #expect(throws: UsageProblem.self) { try CalendarEdit.weekdays(text) }
    }

    @Test func datesAreDaysOfAYearInOrder() throws {
        let days = try CalendarEdit.dates("2026-12-30", to: "2027-01-02")
        #expect(days == ["2026-12-30", "2026-12-31", "2027-01-01", "2027-01-02"])
        #expect(throws: UsageProblem.self) { try CalendarEdit.dates("2026-12-30", to: "2026-12-29") }
        #expect(throws: UsageProblem.self) { try CalendarEdit.dates("2026-02-30", to: nil) }
        #expect(throws: UsageProblem.self) { try CalendarEdit.dates("2026-01-01", to: "2027-01-02") }
        #expect(throws: UsageProblem.self) { try CalendarEdit.hours(["9-17"]) }
    }
}
