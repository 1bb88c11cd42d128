#include <algorithm>

#include "services/ecs/ecs.h"

namespace unkai::services::ecs {

using namespace model;

namespace {

constexpr std::pair<std::string_view, std::string_view> defaults[] = {
    {"awsvpcTrunking", "disabled"},
    {"containerInsights", "disabled"},
    {"containerInstanceLongArnFormat", "enabled"},
    {"defaultLogDriverMode", "blocking"},
    {"dualStackIPv6", "enabled"},
    {"fargateFIPSMode", "disabled"},
    {"fargateTaskRetirementWaitPeriod", "7"},
    {"guardDutyActivate", "off"},
    {"serviceLongArnFormat", "enabled"},
    {"tagResourceAuthorization", "off"},
    {"taskLongArnFormat", "enabled"}};

const std::pair<std::string_view, std::string_view>* find_default(std::string_view name) {
    const auto found = std::ranges::find(defaults, name, [](auto& one) { return one.first; });
    return found == std::end(defaults) ? nullptr : found;
}

// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PutAccountSetting.html
bool is_value(std::string_view name, std::string_view value) {
    if (name == "fargateTaskRetirementWaitPeriod")
        return value == "0" || value == "7" || value == "14";
    if (name == "defaultLogDriverMode") return value == "blocking" || value == "non-blocking";
    if (name == "guardDutyActivate" || name == "tagResourceAuthorization")
        return value == "on" || value == "off";
    if (name == "containerInsights" && value == "enhanced") return true;
    return value == "enabled" || value == "disabled";
}

Result<Setting> put_setting(aws::Call& call, const std::string& name, const std::string& value,
                            const std::string& principal) {
    const auto* known = find_default(name);
    if (known == nullptr)
        return errors::InvalidParameterException("Unknown account setting: " + name + ".");
    if (name.ends_with("LongArnFormat") && value != "enabled")
        return errors::InvalidParameterException("The long ARN format cannot be disabled.");
    if (!is_value(name, value))
        return errors::InvalidParameterException("Invalid value '" + value +
                                                 "' for the account setting " + name + ".");
    Setting setting;
    setting.name = name;
    setting.value = value;
    setting.principal_arn =
        principal.empty() ? "arn:aws:iam::" + call.account + ":root" : principal;
    setting.type = "user";
    schema::settings.put(call.txn(), {call.account, call.region, principal, name}, setting);
    return setting;
}

}  // namespace

Result<PutAccountSettingOutput> Ecs::PutAccountSetting(aws::Call& call,
                                                       const PutAccountSettingInput& in) {
    const std::string principal = in.principal_arn.value_or(call.principal.arn);
    TRY(const Setting setting, put_setting(call, in.name, in.value, principal));
    return PutAccountSettingOutput{.setting = setting};
}

Result<PutAccountSettingDefaultOutput> Ecs::PutAccountSettingDefault(
    aws::Call& call, const PutAccountSettingDefaultInput& in) {
    TRY(const Setting setting, put_setting(call, in.name, in.value, ""));
    return PutAccountSettingDefaultOutput{.setting = setting};
}

Result<DeleteAccountSettingOutput> Ecs::DeleteAccountSetting(aws::Call& call,
                                                             const DeleteAccountSettingInput& in) {
    const std::string principal = in.principal_arn.value_or(call.principal.arn);
    if (!principal.starts_with("arn:aws:iam::"))
        return errors::InvalidParameterException("Invalid principal ARN: " + principal + ".");
    schema::settings.erase(call.txn(), {call.account, call.region, principal, in.name});
    Setting setting;
    setting.name = in.name;
    setting.principal_arn = principal;
    if (const auto* known = find_default(in.name)) setting.value = known->second;
    return DeleteAccountSettingOutput{.setting = setting};
}

Result<ListAccountSettingsOutput> Ecs::ListAccountSettings(aws::Call& call,
                                                           const ListAccountSettingsInput& in) {
    if (in.next_token)  // There is no second page to have a token of.
        return errors::InvalidParameterException("Invalid token.");
    const std::string principal = in.principal_arn.value_or(call.principal.arn);
    std::map<std::string, Setting> settings;
    if (in.effective_settings.value_or(false)) {
        for (const auto& [name, value] : defaults) {
            Setting& setting = settings[std::string(name)];
            setting.name = name;
            setting.value = value;
            setting.principal_arn = "arn:aws:iam::" + call.account + ":root";
            setting.type = "user";
        }
        for (const auto& [key, setting] :
             schema::settings.list(call.txn(), call.account, call.region, std::string()))
            settings[*setting.name] = setting;
    }
    for (const auto& [key, setting] :
         schema::settings.list(call.txn(), call.account, call.region, principal))
        settings[*setting.name] = setting;
    ListAccountSettingsOutput out;
    for (const auto& [name, setting] : settings)
        if ((!in.name || *in.name == name) && (!in.value || in.value == setting.value))
            out.settings.push_back(setting);
    return out;
}

}  // namespace unkai::services::ecs
