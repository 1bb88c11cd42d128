// Every key and record that chatbot stores.
#pragma once

#include "store/table.h"

namespace unkai::services::chatbot {

struct Channel {
    std::string name;
    std::string team_id, channel_id, channel_name;
    std::string role_arn, logging_level = "NONE";
    std::vector<std::string> guardrails;
    bool authorization_required = false;
    std::map<std::string, std::string> topics;  // Topic's ARN → subscription's ARN.
    std::map<std::string, std::string> tags;
    std::string problem;  // Of the latest delivery; empty: it went well.
    void fields(auto& field) {
        field(1, name);
        field(2, team_id);
        field(3, channel_id);
        field(4, channel_name);
        field(5, role_arn);
        field(6, logging_level);
        field(7, guardrails);
        field(8, authorization_required);
        field(9, topics);
        field(10, tags);
        field(11, problem);
    }
};

struct Preferences {
    bool authorization_required = false;
    bool training_data_collection = false;
    void fields(auto& field) {
        field(1, authorization_required);
        field(2, training_data_collection);
    }
};

// What a delivery of the outbox carries.
struct SlackDelivery {
    std::string account, name;  // The channel's key.
    std::string text;           // The webhook's body.
    void fields(auto& field) {
        field(1, account);
        field(2, name);
        field(3, text);
    }
};

namespace schema {
// Account, configuration name.
inline const store::Table<Channel, std::string, std::string> channels{"chatbot/channels"};
// Account.
inline const store::Table<Preferences, std::string> preferences{"chatbot/preferences"};
inline constexpr const char* outbox = "chatbot/outbox";  // aws/deliveries.h
}  // namespace schema

}  // namespace unkai::services::chatbot
