#include <set>

#include "aws/paging.h"
#include "services/chatbot/chatbot.h"
#include "services/chatbot/limits.h"

namespace unkai::services::chatbot {

namespace {

AccountPreferences describe_preferences(const Preferences& preferences) {
    return {.user_authorization_required = preferences.authorization_required,
            .training_data_collection_enabled = preferences.training_data_collection};
}

}  // namespace

Status add_channel_tags(Channel& channel, const List<Tag>& tags) {
    for (const Tag& tag : tags) channel.tags[tag.tag_key] = tag.tag_value;
    if (channel.tags.size() > limits::tags)
        return errors::TooManyTagsException("A configuration has at most 200 tags.");
    return ok();
}

// Those that have a webhook's address, or a configuration.
Task<Result<DescribeSlackWorkspacesOutput>> Chatbot::DescribeSlackWorkspaces(
    aws::Call& call, const DescribeSlackWorkspacesInput& in) {
    CO_TRY(const auto teams, co_await addresses_.teams(call.account));
    std::set<std::string> all(teams.begin(), teams.end());
    for (const auto& [key, channel] : schema::channels.list(call.txn(), call.account))
        all.insert(channel.team_id);
    const std::vector<std::string> sorted(all.begin(), all.end());
    const auto most = static_cast<size_t>(in.max_results.value_or(limits::listed));
    CO_TRY(const auto page, aws::page(
                                sorted, [](const std::string& team) { return team; }, in.next_token,
                                most, "InvalidParameterException"));
    DescribeSlackWorkspacesOutput out;
    out.next_token = page.next;
    for (const std::string* team : page.items) {
        SlackWorkspace& workspace = out.slack_workspaces.emplace_back();
        workspace.slack_team_id = workspace.slack_team_name = *team;
        workspace.state = "ENABLED";
        if (std::find(teams.begin(), teams.end(), *team) == teams.end())
            workspace.state_reason = "No channel of it has a webhook's address: run `unkai slack " +
                                     *team + " CHANNEL URL`.";
    }
    co_return out;
}

Result<GetAccountPreferencesOutput> Chatbot::GetAccountPreferences(
    aws::Call& call, const GetAccountPreferencesInput&) {
    const auto stored = schema::preferences.get(call.txn(), {call.account});
    return GetAccountPreferencesOutput{.account_preferences =
                                           describe_preferences(stored.value_or(Preferences{}))};
}

Result<UpdateAccountPreferencesOutput> Chatbot::UpdateAccountPreferences(
    aws::Call& call, const UpdateAccountPreferencesInput& in) {
    Preferences preferences =
        schema::preferences.get(call.txn(), {call.account}).value_or(Preferences{});
    preferences.authorization_required =
        in.user_authorization_required.value_or(preferences.authorization_required);
    preferences.training_data_collection =
        in.training_data_collection_enabled.value_or(preferences.training_data_collection);
    schema::preferences.put(call.txn(), {call.account}, preferences);
    return UpdateAccountPreferencesOutput{.account_preferences = describe_preferences(preferences)};
}

Result<TagResourceOutput> Chatbot::TagResource(aws::Call& call, const TagResourceInput& in) {
    TRY(Channel channel, find_channel(call, in.resource_arn));
    REQUIRE(add_channel_tags(channel, in.tags));
    put_channel(call, channel);
    return TagResourceOutput{};
}

Result<UntagResourceOutput> Chatbot::UntagResource(aws::Call& call, const UntagResourceInput& in) {
    TRY(Channel channel, find_channel(call, in.resource_arn));
    for (const std::string& key : in.tag_keys) channel.tags.erase(key);
    put_channel(call, channel);
    return UntagResourceOutput{};
}

Result<ListTagsForResourceOutput> Chatbot::ListTagsForResource(aws::Call& call,
                                                               const ListTagsForResourceInput& in) {
    TRY(const Channel channel, find_channel(call, in.resource_arn));
    ListTagsForResourceOutput out;
    for (const auto& [key, value] : channel.tags) out.tags.push_back({key, value});
    return out;
}

}  // namespace unkai::services::chatbot
