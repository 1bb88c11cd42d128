#include <algorithm>

#include "api/sns.h"
#include "aws/paging.h"
#include "base/log.h"
#include "base/strings.h"
#include "services/chatbot/chatbot.h"
#include "services/chatbot/limits.h"
#include "services/chatbot/poster.h"

namespace unkai::services::chatbot {

namespace {

Status check_logging(const std::optional<std::string>& level) {
    if (!level || *level == "ERROR" || *level == "INFO" || *level == "NONE") return ok();
    return errors::InvalidParameterException("LoggingLevel must be ERROR, INFO or NONE, not " +
                                             *level + ".");
}

Status check_topics(const List<std::string>& topics) {
    if (topics.size() > limits::topics)
        return errors::InvalidParameterException("A configuration has at most 100 SNS topics.");
    for (const std::string& topic : topics)
        if (!topic.starts_with("arn:aws:sns:") || split(topic, ':').size() != 6)
            return errors::InvalidParameterException("Not an SNS topic's ARN: " + topic);
    return ok();
}

Status check_unique(aws::Call& call, const Channel& channel) {
    const auto all = schema::channels.list(call.txn(), call.account);
    if (all.size() >= limits::configurations)
        return errors::LimitExceededException("An account has at most 500 configurations.");
    for (const auto& [key, other] : all) {
        if (other.name == channel.name)
            return errors::ConflictException("A configuration has the name " + channel.name +
                                             " already.");
        if (other.team_id == channel.team_id && other.channel_id == channel.channel_id)
            return errors::ConflictException("The channel " + channel.channel_id +
                                             " has the configuration " + other.name + " already.");
    }
    return ok();
}

std::string topic_region(const std::string& arn) {
    const auto parts = split(arn, ':');
    return parts.size() > 3 ? std::string(parts[3]) : std::string();
}

}  // namespace

std::string channel_arn(const std::string& account, const std::string& name) {
    return "arn:aws:chatbot::" + account + ":chat-configuration/slack-channel/" + name;
}

Result<Channel> find_channel(aws::Call& call, const std::string& arn) {
    const std::string start = channel_arn(call.account, "");
    std::optional<Channel> found;
    if (arn.starts_with(start))
        found = schema::channels.get(call.txn(), {call.account, arn.substr(start.size())});
    if (!found)
        return errors::ResourceNotFoundException("No Slack channel configuration has the ARN " +
                                                 arn + ".");
    return *std::move(found);
}

void put_channel(aws::Call& call, const Channel& channel) {
    schema::channels.put(call.txn(), {call.account, channel.name}, channel);
}

// Subscribes to those topics; SNS answers the subscription that is there already.
Task<Status> Chatbot::subscribe(aws::Caller caller, Channel& channel,
                                std::vector<std::string> topics) {
    std::map<std::string, std::string> subscriptions;
    for (const std::string& topic : topics) {
        caller.region = topic_region(topic);
        const auto made = co_await client_.call<api::sns::op::Subscribe>(
            caller, {.topic_arn = topic,
                     .protocol = "https",
                     .endpoint = std::string(Poster::endpoint),
                     .return_subscription_arn = true});
        if (!made)
            co_return errors::InvalidParameterException(
                "The SNS topic " + topic + " cannot be subscribed: " + made.error().message);
        subscriptions[topic] = made->subscription_arn.value_or("");
    }
    channel.topics = std::move(subscriptions);
    co_return ok();
}

// Ends the subscriptions that `after` does not need any more, nor any other configuration.
Task<void> Chatbot::unsubscribe(aws::Call& call, Channel before, Channel after) {
    std::vector<std::pair<std::string, std::string>> ended;
    {
        const auto all = schema::channels.list(call.txn(), call.account);
        for (const auto& [topic, subscription] : before.topics) {
            const bool used =
                after.topics.contains(topic) ||
                std::any_of(all.begin(), all.end(), [&](const auto& row) {
                    return row.second.name != before.name && row.second.topics.contains(topic);
                });
            if (!used) ended.emplace_back(topic, subscription);
        }
    }
    for (const auto& [topic, subscription] : ended) {
        const auto caller =
            aws::service_caller("chatbot.amazonaws.com", call.account, topic_region(topic));
        const auto done = co_await client_.call<api::sns::op::Unsubscribe>(
            caller, {.subscription_arn = subscription});
        if (!done)
            log::warn("chatbot: a subscription could not be ended",
                      {{"subscription", subscription}, {"error", done.error().message}});
    }
}

Task<SlackChannelConfiguration> Chatbot::describe(std::string account, Channel channel) {
    SlackChannelConfiguration out;
    out.slack_team_name = out.slack_team_id = channel.team_id;
    out.slack_channel_id = channel.channel_id;
    out.slack_channel_name = channel.channel_name;
    out.chat_configuration_arn = channel_arn(account, channel.name);
    out.iam_role_arn = channel.role_arn;
    for (const auto& [topic, subscription] : channel.topics) out.sns_topic_arns.push_back(topic);
    out.sns_topic_arns.present = true;
    out.configuration_name = channel.name;
    out.logging_level = channel.logging_level;
    out.guardrail_policy_arns = channel.guardrails;
    out.user_authorization_required = channel.authorization_required;
    for (const auto& [key, value] : channel.tags) out.tags.push_back({key, value});
    out.state = "ENABLED";
    const auto address = co_await addresses_.find(account, channel.team_id, channel.channel_id);
    if (!address)
        out.state_reason = address.error().message;
    else if (!channel.problem.empty())
        out.state_reason = channel.problem;
    co_return out;
}

Task<Result<CreateSlackChannelConfigurationOutput>> Chatbot::CreateSlackChannelConfiguration(
    aws::Call& call, const CreateSlackChannelConfigurationInput& in) {
    CO_REQUIRE(check_logging(in.logging_level));
    CO_REQUIRE(check_topics(in.sns_topic_arns));
    Channel channel{.name = in.configuration_name,
                    .team_id = in.slack_team_id,
                    .channel_id = in.slack_channel_id,
                    .channel_name = in.slack_channel_name.value_or(in.slack_channel_id),
                    .role_arn = in.iam_role_arn,
                    .logging_level = in.logging_level.value_or("NONE"),
                    .guardrails = in.guardrail_policy_arns,
                    .authorization_required = in.user_authorization_required.value_or(false)};
    CO_REQUIRE(add_channel_tags(channel, in.tags));
    CO_REQUIRE(check_unique(call, channel));
    CO_REQUIRE(
        co_await subscribe(aws::service_caller("chatbot.amazonaws.com", call.account, call.region),
                           channel, in.sns_topic_arns));
    CO_REQUIRE(check_unique(call, channel));  // Again: it waited.
    put_channel(call, channel);
    CO_REQUIRE(co_await call.commit());
    co_return CreateSlackChannelConfigurationOutput{.channel_configuration =
                                                        co_await describe(call.account, channel)};
}

Task<Result<DescribeSlackChannelConfigurationsOutput>> Chatbot::DescribeSlackChannelConfigurations(
    aws::Call& call, const DescribeSlackChannelConfigurationsInput& in) {
    std::vector<Channel> channels;
    if (in.chat_configuration_arn) {
        CO_TRY(Channel channel, find_channel(call, *in.chat_configuration_arn));
        channels.push_back(std::move(channel));
    } else {
        for (auto& [key, channel] : schema::channels.list(call.txn(), call.account))
            channels.push_back(std::move(channel));
    }
    const auto most = static_cast<size_t>(in.max_results.value_or(limits::listed));
    CO_TRY(const auto page, aws::page(
                                channels, [](const Channel& channel) { return channel.name; },
                                in.next_token, most, "InvalidParameterException"));
    DescribeSlackChannelConfigurationsOutput out;
    out.next_token = page.next;
    for (const Channel* channel : page.items)
        out.slack_channel_configurations.push_back(co_await describe(call.account, *channel));
    co_return out;
}

Task<Result<UpdateSlackChannelConfigurationOutput>> Chatbot::UpdateSlackChannelConfiguration(
    aws::Call& call, const UpdateSlackChannelConfigurationInput& in) {
    CO_REQUIRE(check_logging(in.logging_level));
    CO_REQUIRE(check_topics(in.sns_topic_arns));
    CO_TRY(const Channel before, find_channel(call, in.chat_configuration_arn));
    Channel after = before;
    if (in.sns_topic_arns.given())
        CO_REQUIRE(co_await subscribe(
            aws::service_caller("chatbot.amazonaws.com", call.account, call.region), after,
            in.sns_topic_arns));
    after.channel_id = in.slack_channel_id;
    after.channel_name = in.slack_channel_name.value_or(
        in.slack_channel_id == before.channel_id ? before.channel_name : in.slack_channel_id);
    after.role_arn = in.iam_role_arn.value_or(before.role_arn);
    after.logging_level = in.logging_level.value_or(before.logging_level);
    if (in.guardrail_policy_arns.given()) after.guardrails = in.guardrail_policy_arns;
    after.authorization_required =
        in.user_authorization_required.value_or(before.authorization_required);
    if (after.channel_id != before.channel_id) after.problem.clear();
    put_channel(call, after);
    CO_REQUIRE(co_await call.commit());
    co_await unsubscribe(call, before, after);
    co_return UpdateSlackChannelConfigurationOutput{.channel_configuration =
                                                        co_await describe(call.account, after)};
}

Task<Result<DeleteSlackChannelConfigurationOutput>> Chatbot::DeleteSlackChannelConfiguration(
    aws::Call& call, const DeleteSlackChannelConfigurationInput& in) {
    CO_TRY(const Channel channel, find_channel(call, in.chat_configuration_arn));
    schema::channels.erase(call.txn(), {call.account, channel.name});
    CO_REQUIRE(co_await call.commit());
    co_await unsubscribe(call, channel, Channel{});
    co_return DeleteSlackChannelConfigurationOutput{};
}

}  // namespace unkai::services::chatbot
