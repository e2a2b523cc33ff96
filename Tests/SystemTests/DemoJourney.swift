import Foundation
import TestSteward
import Testing

extension SystemTests {
    /// What `deploy/up` fills a new installation with.
    @Suite(.serialized) struct DemoJourney {
        /// The steps of deploy/lib/demo.sh, but for the first operator, who is there.
        @Test func theDemoIsMadeAndIsTheReps() async throws {
            let steward = try await TestSteward.start()
            let tool = try CommandLineTool(steward)
            let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .deletingLastPathComponent().path
            let made = try await tool.run(
                script: """
                    root='\(root)'
                    source "$root/deploy/lib/state.sh"
                    source "$root/deploy/lib/demo.sh"
                    state="$folder/state"
                    mkdir -p "$state/bin" "$state/demo"
                    printf '%s\\n' '\(TestSteward.password)' >"$state/demo/operator.password"
                    printf '#!/bin/sh\\n[ "$1 $2" != "operator create" ] || exit 0\\nexec "%s" "$@"\\n' "$steward" \\
                        >"$state/bin/steward"
                    chmod +x "$state/bin/steward"
                    login_dsn() { :; }
                    make_demo
                    make_demo
                    for noun in account contact deal; do
                        as rep "$noun" list --mine --limit all --output csv | tail -n +2 | wc -l
                    done
                    """)
            #expect(made.code == 0, "\(made)")
            #expect(Array(made.lines.suffix(3)) == ["200", "300", "200"], "\(made)")
            try await steward.stop()
        }
    }
}
