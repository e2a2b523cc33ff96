package import Tenancy

extension Purpose {
    /// Takes jobs and gives them back; steps have the purpose of their job.
    static let runJobs = Purpose("run_jobs")
    /// Looks at jobs, has them go on or gives them up, for an operator.
    static let operateJobs = Purpose("operate_jobs")
    /// Changes the records that a filter selects, for who asked for it.
    static let changeMatching = Purpose("change_matching")
    /// Gives what a user leaves behind to others, for who asked for it.
    package static let handOver = Purpose("hand_over")
    /// Puts an entry of a choice list in the place of another one, for who asked for it.
    package static let mergeChoices = Purpose("merge_choices", passesRules: true)
    /// Forgets what is no record and whose time is over.
    static let keepHouse = Purpose("keep_house")
    /// Takes shares from records when their time has come. Each kind that can be shared stands here.
    static let endShares = Purpose(
        "end_shares", needs: "account.read", "account.update", "contact.read", "contact.update", "account_contact.read",
        "account_contact.update", "activity.read", "activity.update", "lead.read", "lead.update", "custom.*.read",
        "custom.*.update", "deal.read", "deal.update")
    /// Has records bear the selections of sharing rules. Each kind that can be shared stands here.
    static let applySharingRules = Purpose(
        "apply_sharing_rules", needs: "account.read", "account.update", "contact.read", "contact.update",
        "account_contact.read", "account_contact.update", "activity.read", "activity.update", "lead.read",
        "lead.update",
        "custom.*.read", "custom.*.update", "deal.read", "deal.update")
    /// Removes deleted records for good when the workspace's time for them is over. Each kind that a service purges stands here.
    static let purgeDeleted = Purpose(
        "purge_deleted", needs: "account.erase", "contact.erase", "account_contact.erase", "activity.erase",
        "lead.erase", "custom.*.erase",
        "pipeline.erase", "stage.erase", "deal.erase")
}
