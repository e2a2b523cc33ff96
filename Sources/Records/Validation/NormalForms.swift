import AccessControl
import Text

/// The forms in which phone numbers, addresses and countries are stored and compared, however they were typed (D97).
package struct NormalForms: Sendable {
    /// Where phone numbers are dialled that were typed without their country's code (ISO 3166-1 alpha-2).
    private let country: @Sendable () -> String?
    /// In which amounts are that name none (ISO 4217); nil where each has to.
    let currency: String?

    package init(country: String?, currency: String? = nil) {
        self.country = { country }
        self.currency = currency
    }

    /// Those of a workspace.
    init(_ settings: WorkspaceSettings) {
        country = { settings.phoneCountry }
        currency = settings.currency
    }

    /// Those that hold wherever somebody is.
    static let anywhere = NormalForms(country: nil)

    /// The text in the form of its kind; itself where it has none, which validation then refuses.
    package func form(of text: String, as format: FieldFormat) -> String {
        guard text.utf8.count <= Self.bytesMax else { return text }
        let form: String? =
            switch format {
            case .phone: PhoneNumber.normal(text, country: country())
            case .email: MailAddress.normal(text)
            case .url: WebAddress.normal(text)
            case .country: Country.code(of: text)
            case .currency, .language, .timeZone: nil
            }
        guard let form, format.accepts(form) else { return text }
        return form
    }

    /// Bytes of a text of any form, and as much again for what its form leaves out.
    private static let bytesMax = 4096

    /// What is looked for in texts of a kind as a part of them, or as their beginning.
    func part(_ text: String, of format: FieldFormat, isBeginning: Bool) -> String {
        guard format == .phone else { return text }
        return PhoneNumber.part(text, isBeginning: isBeginning, country: country()) ?? text
    }

    /// The form of a way to reach somebody, by what it looks like: an e-mail address, a phone number with its country's code, or something else.
    package static func reach(_ text: String) -> String {
        let format: FieldFormat = text.contains("@") ? .email : .phone
        guard format == .email || text.hasPrefix("+") else { return text }
        return anywhere.form(of: text, as: format)
    }
}

extension FieldFormat {
    /// Its texts have a form of their own.
    var hasForm: Bool {
        switch self {
        case .phone, .email, .url, .country: true
        case .currency, .language, .timeZone: false
        }
    }
}

extension WorkspaceSettings {
    /// Where phone numbers without a country's code are dialled: in the workspace's country or, where it has set none, in that of its time zone;
    /// nowhere for UTC.
    fileprivate var phoneCountry: String? { country ?? Country.code(ofZone: timeZone) }

    fileprivate var textOrder: TextOrder { TextOrder.of(country: phoneCountry) }
}

extension RecordCall {
    /// The forms of the workspace.
    package var forms: NormalForms { NormalForms(policy.settings) }

    /// The order of texts where the workspace is.
    var textOrder: TextOrder { policy.settings.textOrder }
}
