import CICU
import Synchronization

/// How Chinese characters are read, in pinyin without tones: 中 is zhong.
package enum Pinyin {
    /// The readings of a character, the usual one first; none for what is not Chinese.
    package static func readings(of unit: UInt16) -> [[UInt16]] {
        guard (0x3400..<0xa000).contains(unit) else { return [] }
        let (block, place) = (Int(unit) / blockSize, Int(unit) % blockSize)
        return known.withLock { known in
            if let readings = known.blocks[block] { return readings[place] }
            let readings = known.read(block)
            known.blocks[block] = readings
            return readings[place]
        }
    }

    private static let blockSize = 64

    /// What was read so far: ICU takes some 10 µs for a character, and 0.3 s for all.
    private static let known = Mutex(Known())

    // SAFETY: only used under the mutex.
    private struct Known: @unchecked Sendable {
        var blocks: [Int: [[[UInt16]]]] = [:]
        private let reader = steward_pinyin()

        func read(_ block: Int) -> [[[UInt16]]] {
            guard let reader else {
                preconditionFailure("libicu has no data of the readings of Chinese; reinstall the package libicu72")
            }
            var text: [UInt16] = []
            for place in 0..<blockSize { text += [UInt16(block * blockSize + place), 0x20] }
            // A reading has seven letters at most, with its tone.
            var read = [UInt16](repeating: 0, count: text.count * 8)
            let length = steward_read(reader, text, Int32(text.count), &read, Int32(read.count))
            guard length >= 0 else { preconditionFailure("a block of Chinese is read in eight times its length") }
            let syllables = read.prefix(Int(length)).split(separator: 0x20)
            return syllables.enumerated().map { place, syllable in
                let unit = UInt16(block * blockSize + place)
                let usual = FoldedForm(String(decoding: syllable, as: UTF16.self).unicodeScalars).units
                guard usual.allSatisfy({ (0x61...0x7a).contains($0) }) else { return [] }
                let others = Pinyin.others[unit]?.filter { $0 != usual } ?? []
                return [usual] + others
            }
        }
    }

    /// Characters of names that are often read otherwise than ICU reads them one by one.
    private static let others: [UInt16: [[UInt16]]] = {
        let readings = [
            "行": "hang", "长": "chang zhang", "重": "zhong chong", "乐": "yue le", "单": "shan", "曾": "zeng", "朴": "piao",
            "会": "kuai", "仇": "qiu", "解": "xie", "翟": "zhai", "厦": "xia sha", "都": "du", "贾": "gu jia", "石": "dan",
            "尉": "yu wei", "万": "wan", "覃": "qin", "盖": "ge", "查": "zha", "区": "ou", "折": "she", "种": "chong",
            "员": "yun", "黑": "he", "大": "dai", "藏": "zang cang", "传": "zhuan chuan", "参": "shen can", "调": "diao tiao",
            "还": "huan hai", "角": "jue jiao", "空": "kong", "率": "lv shuai", "奇": "ji qi", "强": "jiang", "兴": "xing",
            "数": "shu shuo", "弹": "tan dan", "系": "xi ji", "信": "xin", "血": "xue xie", "艾": "ai yi", "广": "guang",
            "车": "che ju", "便": "bian pian", "晟": "sheng cheng", "莘": "xin shen", "柏": "bai bo", "吕": "lv", "绿": "lv",
            "律": "lv", "旅": "lv", "铝": "lv", "女": "nv", "俞": "yu shu", "宁": "ning", "卜": "bu", "那": "na", "少": "shao",
        ]
        var others: [UInt16: [[UInt16]]] = [:]
        for (character, read) in readings {
            guard let unit = character.utf16.first else { continue }
            others[unit] = read.split(separator: " ").map { Array($0.utf16) }
        }
        return others
    }()
}
