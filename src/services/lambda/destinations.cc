#include "services/lambda/destinations.h"

#include "api/events.h"
#include "api/lambda.h"
#include "api/sns.h"
#include "api/sqs.h"
#include "services/lambda/settings.h"

namespace unkai::services::lambda {

namespace {

constexpr int delivery_attempts = 5;
constexpr size_t most_error_message = 1024;

wire::Json parsed_or_text(const std::string& text) {
    if (text.empty()) return nullptr;
    auto parsed = wire::Json::parse(text);
    return parsed ? std::move(*parsed) : wire::Json(text);
}

aws::Caller in_region_of(aws::Caller caller, const Arn& arn) {
    caller.account = arn.account;
    caller.region = arn.region;
    return caller;
}

template <class Attribute>
Map<Attribute> letter_attributes(const DeadLetter& letter) {
    Map<Attribute> out;
    const auto add = [&](const char* name, const char* type, const std::string& value) {
        if (value.empty()) return;
        Attribute attribute;
        attribute.data_type = type;
        attribute.string_value = value;
        out[name] = attribute;
    };
    add("RequestID", "String", letter.request_id);
    add("ErrorCode", "Number", letter.error_code);
    add("ErrorMessage", "String", letter.error_message.substr(0, most_error_message));
    return out;
}

}  // namespace

std::string record_document(const InvocationRecord& record) {
    wire::Json context = wire::Json::object({{"requestId", record.request_id},
                                             {"functionArn", record.function_arn},
                                             {"condition", record.condition},
                                             {"approximateInvokeCount", record.invoke_count}});
    wire::Json out =
        wire::Json::object({{"version", "1.0"},
                            {"timestamp", iso8601_millis(record.at)},
                            {"requestContext", std::move(context)},
                            {"requestPayload", parsed_or_text(record.request_payload)}});
    if (record.last) {
        wire::Json answer = wire::Json::object(
            {{"statusCode", 200}, {"executedVersion", record.last->executed_version}});
        if (record.last->failed()) answer.set("functionError", "Unhandled");
        out.set("responseContext", std::move(answer));
        out.set("responsePayload", parsed_or_text(record.last->outcome.payload));
    }
    return out.dump();
}

Status check_destination(const std::string& arn_text, const std::string& function_arn) {
    const Arn arn = parse_arn(arn_text);
    const auto refuse = [&](const std::string& why) {
        return invalid("The destination ARN " + arn_text + " is invalid: " + why);
    };
    if (arn.service == "s3")
        return refuse("buckets are not done by Unkai, use SQS, SNS, Lambda or EventBridge.");
    if (arn.service != "sqs" && arn.service != "sns" && arn.service != "lambda" &&
        arn.service != "events")
        return refuse("it must be of SQS, SNS, Lambda or EventBridge.");
    if (arn_text.ends_with(".fifo")) return refuse("FIFO queues and topics are not supported.");
    if (arn.service == "lambda" && arn_text.starts_with(function_arn))
        return refuse("a function cannot be its own destination.");
    return ok();
}

unkai::Task<Result<std::string>> Destinations::queue_url(const aws::Caller& caller,
                                                         const std::string& arn) {
    const Arn parts = parse_arn(arn);
    api::sqs::GetQueueUrlInput in;
    in.queue_name = parts.resource;
    in.queue_owner_aws_account_id = parts.account;
    CO_TRY(const auto found, co_await client_.call<api::sqs::op::GetQueueUrl>(caller, in));
    co_return found.queue_url.value_or("");
}

unkai::Task<Status> Destinations::deliver(aws::Caller caller, std::string arn, std::string document,
                                          bool success, std::string function_arn) {
    Status done;
    for (int attempt = 1; attempt <= delivery_attempts; ++attempt) {
        done = co_await deliver_once(caller, arn, document, success, function_arn);
        if (done || attempt == delivery_attempts) break;
        if (!co_await env_.loop.sleep(std::chrono::seconds(1 << attempt), &stop_)) break;
    }
    co_return done;
}

unkai::Task<Status> Destinations::deliver_once(const aws::Caller& from, const std::string& arn,
                                               const std::string& document, bool success,
                                               const std::string& function_arn) {
    const Arn parts = parse_arn(arn);
    const aws::Caller caller = in_region_of(from, parts);
    if (parts.service == "sqs") {
        api::sqs::SendMessageInput in;
        CO_TRY(in.queue_url, co_await queue_url(caller, arn));
        in.message_body = document;
        CO_REQUIRE(co_await client_.call<api::sqs::op::SendMessage>(caller, in));
        co_return ok();
    }
    if (parts.service == "sns") {
        api::sns::PublishInput in;
        in.topic_arn = arn;
        in.message = document;
        CO_REQUIRE(co_await client_.call<api::sns::op::Publish>(caller, in));
        co_return ok();
    }
    if (parts.service == "lambda") {
        model::InvokeInput in;
        in.function_name = arn;
        in.invocation_type = "Event";
        in.payload = document;
        CO_REQUIRE(co_await client_.call<api::lambda::op::Invoke>(caller, in));
        co_return ok();
    }
    api::events::PutEventsInput in;
    api::events::PutEventsRequestEntry entry;
    entry.source = "lambda";
    entry.detail_type =
        std::string("Lambda Function Invocation Result - ") + (success ? "Success" : "Failure");
    entry.detail = document;
    entry.event_bus_name = arn;
    entry.resources = {arn, function_arn};
    in.entries.push_back(std::move(entry));
    CO_TRY(const auto put, co_await client_.call<api::events::op::PutEvents>(caller, in));
    if (put.failed_entry_count.value_or(0) > 0)
        co_return fail("InvocationResultRefused",
                       put.entries.empty() ? "" : put.entries[0].error_message.value_or(""), 400);
    co_return ok();
}

unkai::Task<Status> Destinations::bury(aws::Caller caller, std::string arn, DeadLetter letter) {
    Status done;
    for (int attempt = 1; attempt <= delivery_attempts; ++attempt) {
        done = co_await bury_once(caller, arn, letter);
        if (done || attempt == delivery_attempts) break;
        if (!co_await env_.loop.sleep(std::chrono::seconds(1 << attempt), &stop_)) break;
    }
    co_return done;
}

unkai::Task<Status> Destinations::bury_once(const aws::Caller& from, const std::string& arn,
                                            const DeadLetter& letter) {
    const Arn parts = parse_arn(arn);
    const aws::Caller caller = in_region_of(from, parts);
    if (parts.service == "sqs") {
        api::sqs::SendMessageInput in;
        CO_TRY(in.queue_url, co_await queue_url(caller, arn));
        in.message_body = letter.payload;
        in.message_attributes = letter_attributes<api::sqs::MessageAttributeValue>(letter);
        CO_REQUIRE(co_await client_.call<api::sqs::op::SendMessage>(caller, in));
        co_return ok();
    }
    api::sns::PublishInput in;
    in.topic_arn = arn;
    in.message = letter.payload;
    in.message_attributes = letter_attributes<api::sns::MessageAttributeValue>(letter);
    CO_REQUIRE(co_await client_.call<api::sns::op::Publish>(caller, in));
    co_return ok();
}

}  // namespace unkai::services::lambda
