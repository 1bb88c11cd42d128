#include "services/chatbot/slack_message.h"

#include "base/strings.h"
#include "services/chatbot/limits.h"

namespace unkai::services::chatbot {

namespace {

using wire::Json;

std::string cut(std::string text) {
    if (text.size() <= limits::section_characters) return text;
    text.resize(limits::section_characters);
    while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xC0) == 0x80)
        text.pop_back();
    if (!text.empty() && static_cast<unsigned char>(text.back()) >= 0xC0) text.pop_back();
    return text + "…";
}

Json markdown(std::string text) {
    return Json::object({{"type", "mrkdwn"}, {"text", cut(std::move(text))}});
}

Json section(std::string text) {
    return Json::object({{"type", "section"}, {"text", markdown(std::move(text))}});
}

Json field(std::string_view title, const std::string& value) {
    return markdown("*" + std::string(title) + "*\n" + (value.empty() ? "-" : slack_escape(value)));
}

std::string color_of(std::string_view state) {
    if (state == "ALARM") return "#D13212";
    if (state == "OK") return "#1D8102";
    return "#879596";
}

std::string sign_of(std::string_view state) {
    if (state == "ALARM") return ":rotating_light:";
    if (state == "OK") return ":white_check_mark:";
    return ":grey_question:";
}

// arn:aws:cloudwatch:REGION:…
std::string region_of(const Json& alarm) {
    const std::string arn = alarm["AlarmArn"].string_or("");
    const auto parts = split(arn, ':');
    return parts.size() > 3 ? std::string(parts[3]) : std::string();
}

std::string alarm_link(const Json& alarm) {
    const std::string region = region_of(alarm);
    return "https://console.aws.amazon.com/cloudwatch/home?region=" + region + "#alarmsV2:alarm/" +
           percent_encode(alarm["AlarmName"].string_or(""));
}

// "AWS/ApplicationELB HTTPCode_Target_5XX_Count (Sum)", or the expressions and metrics of math.
std::string metric_of(const Json& trigger) {
    if (trigger["MetricName"].is_string()) {
        const std::string statistic = trigger["StatisticType"].string_or("") == "ExtendedStatistic"
                                          ? trigger["ExtendedStatistic"].string_or("")
                                          : trigger["Statistic"].string_or("");
        return trigger["Namespace"].string_or("") + " " + trigger["MetricName"].string_or("") +
               " (" + statistic + ")";
    }
    std::string out;
    if (!trigger["Metrics"].is_array()) return out;
    for (const Json& metric : trigger["Metrics"].as_array()) {
        if (!metric["ReturnData"].bool_or(true)) continue;
        out +=
            (out.empty() ? "" : ", ") + metric["Expression"].string_or(metric["Id"].string_or(""));
    }
    return out;
}

std::string dimensions_of(const Json& trigger) {
    std::string out;
    if (!trigger["Dimensions"].is_array()) return out;
    for (const Json& dimension : trigger["Dimensions"].as_array())
        out += (out.empty() ? "" : ", ") + dimension["name"].string_or("") + "=" +
               dimension["value"].string_or("");
    return out;
}

std::string with_attachment(const std::string& text, const std::string& color, Json::Array blocks) {
    Json::Object attachment;
    attachment["color"] = color;
    attachment["fallback"] = text;
    attachment["blocks"] = Json(std::move(blocks));
    return Json::object(
               {{"text", text}, {"attachments", Json::array({Json(std::move(attachment))})}})
        .dump();
}

std::string alarm_message(const Json& alarm) {
    const std::string state = alarm["NewStateValue"].string_or("");
    const std::string name = alarm["AlarmName"].string_or("");
    const std::string title = "CloudWatch Alarm | " + name + " | " + region_of(alarm) +
                              " | Account: " + alarm["AWSAccountId"].string_or("");
    Json::Array blocks;
    blocks.push_back(
        section(sign_of(state) + " *<" + alarm_link(alarm) + "|" + slack_escape(title) + ">*"));
    blocks.push_back(section("*" + slack_escape(state) +
                             "*: " + slack_escape(alarm["NewStateReason"].string_or(""))));
    if (alarm["AlarmDescription"].is_string() && !alarm["AlarmDescription"].as_string().empty())
        blocks.push_back(section(slack_escape(alarm["AlarmDescription"].as_string())));
    Json::Array fields;
    fields.push_back(field("State", alarm["OldStateValue"].string_or("") + " → " + state));
    fields.push_back(field("Time", alarm["StateChangeTime"].string_or("")));
    if (alarm["Trigger"].is_object()) {
        fields.push_back(field("Metric", metric_of(alarm["Trigger"])));
        fields.push_back(field("Dimensions", dimensions_of(alarm["Trigger"])));
    } else {
        fields.push_back(field("Rule", alarm["AlarmRule"].string_or("")));
    }
    blocks.push_back(Json::object({{"type", "section"}, {"fields", Json(std::move(fields))}}));
    return with_attachment(state + ": " + slack_escape(title), color_of(state), std::move(blocks));
}

// Its description is Slack's own markdown, or AWS Chatbot's mark for that.
std::string custom_message(const Json& content) {
    const std::string title = content["title"].string_or("");
    Json::Array blocks;
    if (!title.empty()) blocks.push_back(section("*" + slack_escape(title) + "*"));
    blocks.push_back(section(content["description"].string_or("")));
    std::string steps;
    if (content["nextSteps"].is_array())
        for (const Json& step : content["nextSteps"].as_array())
            steps += "• " + step.string_or("") + "\n";
    if (!steps.empty()) blocks.push_back(section("*Next steps*\n" + steps));
    return with_attachment(title.empty() ? "Notification" : slack_escape(title), "#879596",
                           std::move(blocks));
}

}  // namespace

std::string slack_escape(std::string_view text) {
    return replace_all(replace_all(replace_all(text, "&", "&amp;"), "<", "&lt;"), ">", "&gt;");
}

std::optional<std::string> slack_message(const std::string& message) {
    const auto json = Json::parse(message);
    if (!json || !json->is_object()) return std::nullopt;
    if ((*json)["AlarmName"].is_string() && (*json)["NewStateValue"].is_string())
        return alarm_message(*json);
    if ((*json)["source"].string_or("") == "custom" &&
        (*json)["content"]["description"].is_string())
        return custom_message((*json)["content"]);
    return std::nullopt;
}

}  // namespace unkai::services::chatbot
