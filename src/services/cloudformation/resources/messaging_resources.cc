// AWS::SQS, AWS::SNS, AWS::Events, AWS::Scheduler.
#include "services/cloudformation/resource_type.h"

namespace unkai::services::cloudformation {

namespace {

// A document as the APIs take it: text stays, objects become JSON.
std::string document_text(const Json& value) {
    return value.is_string() ? value.as_string() : value.dump();
}

// Those properties as an API's map of attributes, which are strings.
Json attributes_of(const Work& work, std::initializer_list<std::string_view> names) {
    Json made = Json::object();
    for (const std::string_view name : names)
        if (const Json* value = work.properties.find(name))
            made.set(name, value->is_scalar() ? value->text() : value->dump());
    return made;
}

// ---- AWS::SQS::Queue

constexpr std::initializer_list<std::string_view> queue_attributes = {
    "ContentBasedDeduplication",
    "DeduplicationScope",
    "DelaySeconds",
    "FifoThroughputLimit",
    "KmsDataKeyReusePeriodSeconds",
    "KmsMasterKeyId",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "ReceiveMessageWaitTimeSeconds",
    "RedriveAllowPolicy",
    "RedrivePolicy",
    "SqsManagedSseEnabled",
    "VisibilityTimeout"};

Json queue(const Work& work) { return Json::object({{"QueueUrl", work.physical_id}}); }

Task<Result<std::string>> create_queue(Work& work) {
    const bool fifo = work["FifoQueue"].bool_or(false);
    const std::string name =
        work["QueueName"].string_or(work.generated_name(fifo ? 75 : 80) + (fifo ? ".fifo" : ""));
    Json attributes = attributes_of(work, queue_attributes);
    if (fifo) attributes.set("FifoQueue", "true");
    CO_TRY(const Json made, co_await work.call("sqs", "CreateQueue",
                                               Json::object({{"QueueName", name},
                                                             {"Attributes", attributes},
                                                             {"tags", work.tag_object()}})));
    co_return made["QueueUrl"].text();
}

Task<Result<Json>> settle_queue(Work& work) {
    Json input = queue(work);
    input.set("AttributeNames", Json::array({"QueueArn"}));
    CO_TRY(const Json answer, co_await work.call("sqs", "GetQueueAttributes", std::move(input)));
    const std::string& url = work.physical_id;
    co_return Json::object({{"Arn", answer["Attributes"]["QueueArn"]},
                            {"QueueName", url.substr(url.rfind('/') + 1)},
                            {"QueueUrl", url}});
}

Task<Status> update_queue(Work& work) {
    Json attributes = attributes_of(work, queue_attributes);
    for (const char* policy : {"RedrivePolicy", "RedriveAllowPolicy"})
        if (work.previous.find(policy) && !work.properties.find(policy)) attributes.set(policy, "");
    if (attributes.size() == 0) co_return ok();
    Json input = queue(work);
    input.set("Attributes", std::move(attributes));
    CO_REQUIRE(co_await work.call("sqs", "SetQueueAttributes", std::move(input)));
    co_return ok();
}

Task<Status> remove_queue(Work& work) {
    return work.remove("sqs", "DeleteQueue", queue(work),
                       {"QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"});
}

// ---- AWS::SQS::QueuePolicy

Task<Status> set_queue_policies(Work& work, Json queues, std::string policy) {
    for (const Json& url : queues.is_array() ? queues.as_array() : Json::Array())
        CO_REQUIRE(co_await work.call_unless(
            "sqs", "SetQueueAttributes",
            Json::object({{"QueueUrl", url}, {"Attributes", Json::object({{"Policy", policy}})}}),
            policy.empty() ? std::vector<std::string>{"QueueDoesNotExist"}
                           : std::vector<std::string>{}));
    co_return ok();
}

Task<Result<std::string>> put_queue_policy(Work& work) {
    CO_REQUIRE(
        co_await set_queue_policies(work, work["Queues"], document_text(work["PolicyDocument"])));
    co_return work.generated_name(128);
}

Task<Status> update_queue_policy(Work& work) {
    Json left = Json::array();
    for (const Json& url : work.previous["Queues"].as_array()) {
        const auto& now = work["Queues"].as_array();
        if (std::find(now.begin(), now.end(), url) == now.end()) left.push(url);
    }
    CO_REQUIRE(co_await set_queue_policies(work, std::move(left), ""));
    co_return co_await set_queue_policies(work, work["Queues"],
                                          document_text(work["PolicyDocument"]));
}

Task<Status> remove_queue_policy(Work& work) {
    return set_queue_policies(work, work["Queues"], "");
}

// ---- AWS::SNS::Topic

constexpr std::initializer_list<std::string_view> topic_attributes = {
    "ContentBasedDeduplication", "DisplayName",  "FifoThroughputScope", "KmsMasterKeyId",
    "SignatureVersion",          "TracingConfig"};

Json topic(const Work& work) { return Json::object({{"TopicArn", work.physical_id}}); }

Task<Result<std::string>> create_topic(Work& work) {
    const bool fifo = work["FifoTopic"].bool_or(false);
    const std::string name =
        work["TopicName"].string_or(work.generated_name(fifo ? 251 : 256) + (fifo ? ".fifo" : ""));
    Json attributes = attributes_of(work, topic_attributes);
    if (fifo) attributes.set("FifoTopic", "true");
    CO_TRY(const Json made,
           co_await work.call(
               "sns", "CreateTopic",
               Json::object({{"Name", name}, {"Attributes", attributes}, {"Tags", work.tags()}})));
    co_return made["TopicArn"].text();
}

// The topic's own list of subscriptions: Subscribe answers the same one again.
Task<Result<Json>> settle_topic(Work& work) {
    for (size_t i = 0; i < work["Subscription"].size(); ++i) {
        Json input = topic(work);
        input.set("Protocol", work["Subscription"][i]["Protocol"]);
        input.set("Endpoint", work["Subscription"][i]["Endpoint"]);
        CO_REQUIRE(co_await work.call("sns", "Subscribe", std::move(input)));
    }
    const std::string& arn = work.physical_id;
    co_return Json::object({{"TopicArn", arn}, {"TopicName", arn.substr(arn.rfind(':') + 1)}});
}

Task<Status> unsubscribe_gone(Work& work) {
    CO_TRY(const Json answer, co_await work.call("sns", "ListSubscriptionsByTopic", topic(work)));
    const auto listed = [](const Json& list, const Json& one) {
        for (size_t i = 0; i < list.size(); ++i)
            if (list[i]["Protocol"] == one["Protocol"] && list[i]["Endpoint"] == one["Endpoint"])
                return true;
        return false;
    };
    const Json& before = work.previous["Subscription"];
    for (size_t i = 0; i < answer["Subscriptions"].size(); ++i) {
        const Json& one = answer["Subscriptions"][i];
        if (!listed(before, one) || listed(work["Subscription"], one)) continue;
        CO_REQUIRE(co_await work.call_unless(
            "sns", "Unsubscribe", Json::object({{"SubscriptionArn", one["SubscriptionArn"]}}),
            {"InvalidParameter"}));
    }
    co_return ok();
}

Task<Status> update_topic(Work& work) {
    for (const std::string_view name : topic_attributes) {
        if (!work.changed(name)) continue;
        Json input = topic(work);
        input.set("AttributeName", name);
        input.set("AttributeValue", work[name].is_null() ? std::string() : work[name].text());
        CO_REQUIRE(co_await work.call("sns", "SetTopicAttributes", std::move(input)));
    }
    if (work.changed("Subscription")) CO_REQUIRE(co_await unsubscribe_gone(work));
    co_return ok();
}

Task<Status> remove_topic(Work& work) {
    return work.remove("sns", "DeleteTopic", topic(work), {"NotFound"});
}

// ---- AWS::SNS::Subscription

constexpr std::initializer_list<std::string_view> subscription_attributes = {
    "DeliveryPolicy",     "FilterPolicy",  "FilterPolicyScope",
    "RawMessageDelivery", "RedrivePolicy", "SubscriptionRoleArn"};

Task<Result<std::string>> subscribe(Work& work) {
    Json input = Json::object({{"TopicArn", work["TopicArn"]},
                               {"Protocol", work["Protocol"]},
                               {"Endpoint", work["Endpoint"]},
                               {"ReturnSubscriptionArn", true},
                               {"Attributes", attributes_of(work, subscription_attributes)}});
    CO_TRY(const Json made, co_await work.call("sns", "Subscribe", std::move(input)));
    co_return made["SubscriptionArn"].text();
}

Task<Result<Json>> settle_subscription(Work& work) {
    co_return Json::object({{"Arn", work.physical_id}});
}

Task<Status> update_subscription(Work& work) {
    for (const std::string_view name : subscription_attributes) {
        if (!work.changed(name)) continue;
        const Json& value = work[name];
        Json input = Json::object({{"SubscriptionArn", work.physical_id}, {"AttributeName", name}});
        input.set("AttributeValue", value.is_null()
                                        ? std::string(name == "RawMessageDelivery" ? "false" : "{}")
                                    : value.is_scalar() ? value.text()
                                                        : value.dump());
        CO_REQUIRE(co_await work.call("sns", "SetSubscriptionAttributes", std::move(input)));
    }
    co_return ok();
}

Task<Status> remove_subscription(Work& work) {
    return work.remove("sns", "Unsubscribe", Json::object({{"SubscriptionArn", work.physical_id}}),
                       {"NotFound", "InvalidParameter"});
}

// ---- AWS::SNS::TopicPolicy

Task<Result<std::string>> put_topic_policy(Work& work) {
    for (size_t i = 0; i < work["Topics"].size(); ++i)
        CO_REQUIRE(co_await work.call(
            "sns", "SetTopicAttributes",
            Json::object({{"TopicArn", work["Topics"][i]},
                          {"AttributeName", "Policy"},
                          {"AttributeValue", document_text(work["PolicyDocument"])}})));
    co_return work.generated_name(128);
}

Task<Status> update_topic_policy(Work& work) {
    CO_REQUIRE(co_await put_topic_policy(work));
    co_return ok();
}

constexpr ResourceType messaging_types[] = {
    {.name = "AWS::SQS::Queue",
     .properties = "QueueName^:s FifoQueue^:b ContentBasedDeduplication:b DeduplicationScope:s "
                   "DelaySeconds:i FifoThroughputLimit:s KmsDataKeyReusePeriodSeconds:i "
                   "KmsMasterKeyId:s MaximumMessageSize:i MessageRetentionPeriod:i "
                   "ReceiveMessageWaitTimeSeconds:i RedriveAllowPolicy:j RedrivePolicy:j "
                   "SqsManagedSseEnabled:b VisibilityTimeout:i Tags:tags",
     .attributes = "Arn QueueName QueueUrl",
     .service = "sqs",
     .operation = "CreateQueue",
     .create = create_queue,
     .settle = settle_queue,
     .update = update_queue,
     .remove = remove_queue},
    {.name = "AWS::SQS::QueuePolicy",
     .properties = "Queues!:[s] PolicyDocument!:j",
     .attributes = "Id",
     .service = "sqs",
     .operation = "SetQueueAttributes",
     .create = put_queue_policy,
     .settle = id_attribute,
     .update = update_queue_policy,
     .remove = remove_queue_policy},
    {.name = "AWS::SNS::Topic",
     .properties = "TopicName^:s FifoTopic^:b ContentBasedDeduplication:b DisplayName:s "
                   "FifoThroughputScope:s KmsMasterKeyId:s SignatureVersion:s TracingConfig:s "
                   "Subscription:[{Endpoint!:s Protocol!:s}] Tags:tags",
     .attributes = "TopicArn TopicName",
     .service = "sns",
     .operation = "CreateTopic",
     .create = create_topic,
     .settle = settle_topic,
     .update = update_topic,
     .remove = remove_topic},
    {.name = "AWS::SNS::Subscription",
     .properties = "TopicArn!^:s Protocol!^:s Endpoint^:s DeliveryPolicy:j FilterPolicy:j "
                   "FilterPolicyScope:s RawMessageDelivery:b RedrivePolicy:j "
                   "SubscriptionRoleArn:s Region^:s",
     .attributes = "Arn",
     .service = "sns",
     .operation = "Subscribe",
     .create = subscribe,
     .settle = settle_subscription,
     .update = update_subscription,
     .remove = remove_subscription},
    {.name = "AWS::SNS::TopicPolicy",
     .properties = "Topics!:[s] PolicyDocument!:j",
     .attributes = "Id",
     .service = "sns",
     .operation = "SetTopicAttributes",
     .create = put_topic_policy,
     .settle = id_attribute,
     .update = update_topic_policy,
     .remove = nothing_to_remove},
};

}  // namespace

std::span<const ResourceType> messaging_resources() { return messaging_types; }

}  // namespace unkai::services::cloudformation
