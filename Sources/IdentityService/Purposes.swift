import Tenancy

// What identity does in a workspace where no user calls, or none is known yet.
extension Purpose {
    static let setUpWorkspace = Purpose("set_up_workspace")
    static let upgradeRoles = Purpose("upgrade_roles", needs: "role.read", "role.update")
    static let signIn = Purpose("sign_in")
    static let getSettings = Purpose("get_settings")
    static let getSelf = Purpose("get_self")
    static let updateSelf = Purpose("update_self", needs: "user.read", "user.update")
    static let changePassword = Purpose("change_password")
    static let setPassword = Purpose("set_password")
    static let resetAdminSignIn = Purpose("reset_admin_sign_in")
    static let transferUser = Purpose("transfer_user")
    static let compilePolicy = Purpose("compile_policy")
    static let repairPolicy = Purpose("repair_policy")

    /// Those that hand out rights on behalf of the workspace itself, which has all; the others have none to give.
    static let givingRights: Set<Purpose> = [upgradeRoles]
}
