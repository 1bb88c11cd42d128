// AWS Chatbot (Amazon Q Developer in chat applications): Slack channels that get notifications.
//
// https://docs.aws.amazon.com/chatbot/latest/APIReference/
// A configuration subscribes AWS Chatbot's endpoint to its SNS topics; what they publish goes to
// the channel's incoming webhook (poster.h). Configurations are of all regions. Those operations
// wait that call SNS or look for webhooks' addresses.
#pragma once

#include "api/chatbot.h"
#include "aws/call.h"
#include "services/chatbot/schema.h"
#include "services/chatbot/webhook.h"

namespace unkai::services::chatbot {

using namespace api::chatbot;
namespace errors = api::chatbot::errors;

class Chatbot final : public api::chatbot::Service {
public:
    Chatbot(aws::Client& client, WebhookAddresses& addresses)
        : client_(client), addresses_(addresses) {}

#define OPERATION(Name) Result<Name##Output> Name(aws::Call& call, const Name##Input& in) override
#define WAITING_OPERATION(Name) \
    Task<Result<Name##Output>> Name(aws::Call& call, const Name##Input& in) override
    // channel_ops.cc
    WAITING_OPERATION(CreateSlackChannelConfiguration);
    WAITING_OPERATION(DescribeSlackChannelConfigurations);
    WAITING_OPERATION(UpdateSlackChannelConfiguration);
    WAITING_OPERATION(DeleteSlackChannelConfiguration);
    // account_ops.cc
    WAITING_OPERATION(DescribeSlackWorkspaces);
    OPERATION(GetAccountPreferences);
    OPERATION(UpdateAccountPreferences);
    OPERATION(TagResource);
    OPERATION(UntagResource);
    OPERATION(ListTagsForResource);
#undef OPERATION
#undef WAITING_OPERATION

private:
    Task<Status> subscribe(aws::Caller caller, Channel& channel, std::vector<std::string> topics);
    Task<void> unsubscribe(aws::Call& call, Channel before, Channel after);
    Task<SlackChannelConfiguration> describe(std::string account, Channel channel);

    aws::Client& client_;
    WebhookAddresses& addresses_;
};

std::string channel_arn(const std::string& account, const std::string& name);
// Errors: ResourceNotFoundException.
Result<Channel> find_channel(aws::Call& call, const std::string& arn);
void put_channel(aws::Call& call, const Channel& channel);
Status add_channel_tags(Channel& channel, const List<Tag>& tags);

}  // namespace unkai::services::chatbot
