/// Passwords that are tried first, as lists of stolen ones have them: those of 10 characters and more, and shorter ones that are put
/// beside a name.
enum CommonPasswords {
    /// It is one of them, in whatever case and with whatever beside its letters and digits, as `Password-1234!` is.
    static func contain(_ text: String) -> Bool {
        all.contains(text.lowercased().filter { $0.isLetter || $0.isNumber })
    }

    private static let all = Set(
        """
        123456789 1234567890 12345678910 123456789a 0123456789 0987654321 9876543210 1123456789 1234567891 12345678901
        123456789012 1234512345 1122334455 112233445566 1020304050 1029384756 1357924680 1231231231 123123123123
        123456123456 12341234 1234567 12345678 87654321 11223344 1234554321 12345654321 147258369 741852963 789456123
        789456123a 159753456852 987654321 abc123456789 abcd123456 abcdef123456 a123456789 a1234567890 q123456789
        qwer1234 qwer12345 qwerty123 qwerty1234 qwerty12345 qwerty123456 qwertyuiop qwertyuiop123 qwertyuiop1
        qwertzuiop asdfghjkl asdfghjkl1 asdfghjkl123 zxcvbnm123 zxcvbnm1234 azertyuiop qwertyqwerty qazwsxedc
        qazwsxedc1 qazwsxedcrfv qwerasdfzxcv 1qaz2wsx3edc 1qaz2wsx 1q2w3e4r 1q2w3e4r5t 1q2w3e4r5t6y q1w2e3r4t5
        q1w2e3r4t5y6 zaq12wsx zaq1zaq1 zaq12wsxcde3 1qazxsw23edc abcdefghij abcdefghijk abcdefghijkl abcdefgh abc12345
        abcd1234 abcdefg123 aabbccddee password passwort password1 password12 password123 password1234 password12345
        password123456 password1234567890 password2020 password2021 password2022 password2023 password2024
        password2025 password2026 passw0rd passw0rd1 passw0rd12 passw0rd123 passw0rd1234 p4ssw0rd1234 p4ssword1234
        passwordpassword mypassword mypassword1 mypassword123 thepassword newpassword1 newpassword123 passwort1
        passwort12 passwort123 passwort1234 hallo12345 hallohallo hello12345 hello123456 hellohello helloworld
        helloworld1 helloworld123 welcome123 welcome1234 welcome12345 willkommen willkommen1 willkommen123 letmein123
        letmein1234 letmeinletmein changeme123 changeme1234 changemenow changeit123 default123 default1234
        administrator administrator1 admin12345 admin123456 admin1234567890 adminadmin adminadmin1 adminpassword
        rootroot123 root123456 superadmin superadmin1 superuser1 supervisor superman123 iloveyou iloveyou1 iloveyou12
        iloveyou123 iloveyou1234 iloveyou2 iloveyouforever ichliebedich sunshine123 sunshine1234 princess123
        princess1234 football123 football1234 baseball123 basketball basketball1 liverpool1 liverpool123 manchester1
        chelsea123 fussball123 schalke04 bayern1234 michael1234 charlie123 charlie1234 jennifer123 computer123
        computer1234 internet123 internet1234 facebook123 microsoft1 microsoft123 samsung123 starwars123 starwars1234
        pokemon1234 dragon1234 monkey12345 master12345 shadow12345 secret1234 secret12345 secretpassword topsecret123
        geheim1234 geheim12345 test123456 test1234567 testtest123 testing123 testing1234 test12345678 summer2024
        summer2025 summer2026 winter2024 winter2025 winter2026 spring2025 spring2026 autumn2025 sommer2024 sommer2025
        sommer2026 trustno1trustno1 whatever123 whatever1234 nothing123 freedom123 freedom1234 blink182blink182
        unknown1234 correcthorsebatterystaple
        """.split(whereSeparator: \.isWhitespace).map(String.init))
}
