import Balancer
import EventLoop
import Testing

@testable import lbd

@Suite struct ReportTests {
    @Test func problemsStandInFrontTheWorstFirstUntilTheyAreMended() throws {
        let report = Report(loop: try Loop())
        report.status("announcing 1 of 1 service")
        report.problem(.state, "no state")
        report.problem(.kubeconfig, "no kubeconfig")
        #expect(report.shown == "no kubeconfig; no state; announcing 1 of 1 service")
        #expect(report.problemTexts == ["no kubeconfig", "no state"])
        report.problem(.kubeconfig, nil)
        report.problem(.state, nil)
        #expect(report.shown == "announcing 1 of 1 service")
    }

    /// What an API server says may hold anything, also what would read as another assignment of sd_notify(3).
    @Test func theStatusIsOneLine() throws {
        let report = Report(loop: try Loop())
        report.status("a\nMAINPID=1")
        #expect(report.shown == #"a\u{a}MAINPID=1"#)
    }

    @Test func theLastWarningOrErrorIsKept() throws {
        let report = Report(loop: try Loop())
        #expect(report.lastError == nil)
        report.record(Record(.warning, .allocationFailed, "no address"))
        report.record(Record(.info, .addressTaken, "answering"))
        #expect(report.lastError == NodeStatus.LastError(message: "no address", secondsAgo: 0))
        report.problem(.pools, "no pools")
        report.problem(.pools, nil)
        #expect(report.lastError?.message == "no pools")
    }
}
