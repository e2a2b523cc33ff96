import Tenancy

extension Purpose {
    /// Takes jobs and gives them back; steps have the purpose of their job.
    static let runJobs = Purpose("run_jobs")
    /// Forgets what is no record and whose time is over.
    static let keepHouse = Purpose("keep_house")
}
