#include "base/strings.h"
#include "planes/dns/answer.h"
#include "services/route53/limits.h"
#include "services/route53/route53.h"

namespace unkai::services::route53 {

namespace {

constexpr auto changes_kept = std::chrono::days(30);

// Time first, so that the oldest changes stand first in their table and can be dropped.
std::string new_change_id(aws::Call& call) {
    std::string stamp;
    for (auto left = static_cast<uint64_t>(micros(call.now)); stamp.size() < 11; left /= 36)
        stamp.insert(stamp.begin(), "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[left % 36]);
    return "C" + stamp + call.env.random.from("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", 9);
}

// Applies changes to one zone, in order, and collects what is wrong with them.
class Batch {
public:
    Batch(aws::Call& call, Zone& zone) : call_(call), zone_(zone) {}

    void apply(std::string_view action, const Record& record) {
        if (action != change_action::delete_ && !record.health_check.empty() &&
            !find_health_check(call_, record.health_check)) {
            missing_check_ = record.health_check;
            return;
        }
        count(record, action == change_action::upsert);
        if (action == change_action::delete_)
            erase(record);
        else
            put(record, action == change_action::upsert);
    }

    // What only the whole batch shows: alias targets, the zone's own records, limits.
    Status finish() {
        if (missing_check_)
            return errors::NoSuchHealthCheck("A health check with id " + *missing_check_ +
                                             " does not exist.");
        for (const Record& record : written_) check_alias(record);
        if (!schema::records.has(call_.txn(), key_of({.name = zone_.name, .type = "SOA"})))
            problems_.push_back("A HostedZone must contain exactly one SOA record.");
        if (!schema::records.has(call_.txn(), key_of({.name = zone_.name, .type = "NS"})))
            problems_.push_back(
                "A HostedZone must contain at least one NS record for the zone itself.");
        if (values_ > limits::batch_values)
            problems_.push_back("Number of records limit of " +
                                std::to_string(limits::batch_values) + " exceeded.");
        if (characters_ > limits::batch_characters)
            problems_.push_back("RDATA character limit of " +
                                std::to_string(limits::batch_characters) + " exceeded.");
        if (zone_.records > static_cast<int64_t>(limits::records_per_zone))
            problems_.push_back("The hosted zone " + zone_.id + " has reached its limit of " +
                                std::to_string(limits::records_per_zone) + " records.");
        if (!problems_.empty())
            return errors::InvalidChangeBatch("[" + join(problems_, ", ") + "]");
        return ok();
    }

private:
    using Key = std::tuple<std::string, std::string, std::string, std::string>;
    Key key_of(const Record& record) const {
        return {zone_.id, order_of(record.name), record.type, record.identifier};
    }

    void count(const Record& record, bool twice) {
        for (const std::string& value : record.values) {
            values_ += twice ? 2 : 1;
            characters_ += value.size() * (twice ? 2 : 1);
        }
    }

    void erase(const Record& record) {
        const auto stored = schema::records.get(call_.txn(), key_of(record));
        if (!stored) {
            problems_.push_back("Tried to delete resource record set " + describe(record) +
                                " but it was not found");
        } else if (!same(*stored, record)) {
            problems_.push_back("Tried to delete resource record set " + describe(record) +
                                " but the values provided do not match the current values");
        } else {
            schema::records.erase(call_.txn(), key_of(record));
            --zone_.records;
        }
    }

    // The order of values does not matter.
    static bool same(Record stored, Record given) {
        std::ranges::sort(stored.values);
        std::ranges::sort(given.values);
        return stored == given;
    }

    void put(const Record& record, bool replace) {
        const bool exists = schema::records.has(call_.txn(), key_of(record));
        if (exists && !replace) {
            problems_.push_back("Tried to create resource record set " + describe(record) +
                                " but it already exists");
            return;
        }
        std::vector<Record> others;
        schema::records.each(call_.txn(), store::key_prefix(zone_.id, order_of(record.name)),
                             [&](const Key& key, Record other) {
                                 if (key != key_of(record)) others.push_back(std::move(other));
                                 return true;
                             });
        auto why = refuse_record(zone_, record);
        if (!why) why = refuse_beside(zone_, record, others);
        if (why) {
            problems_.push_back(std::move(*why));
            return;
        }
        if (!exists) ++zone_.records;
        schema::records.put(call_.txn(), key_of(record), record);
        written_.push_back(record);
        // One TTL for a whole routed group: the last one given.
        for (Record& other : others) {
            if (other.type != record.type || other.alias || record.alias || other.ttl == record.ttl)
                continue;
            other.ttl = record.ttl;
            schema::records.put(call_.txn(), key_of(other), other);
        }
    }

    void check_alias(const Record& record) {
        if (!record.alias || record.alias->zone != zone_.id) return;
        bool found = false;
        schema::records.each(call_.txn(),
                             store::key_prefix(zone_.id, order_of(record.alias->name), record.type),
                             [&](const Key&, const Record&) {
                                 found = true;
                                 return false;
                             });
        if (!found)
            problems_.push_back("Tried to create an alias that targets " + record.alias->name +
                                ", type " + record.type + " in zone " + zone_.id +
                                ", but that target was not found");
    }

    aws::Call& call_;
    Zone& zone_;
    std::vector<std::string> problems_;
    std::vector<Record> written_;
    std::optional<std::string> missing_check_;
    size_t values_ = 0, characters_ = 0;
};

}  // namespace

ChangeInfo new_change(aws::Call& call, const std::optional<std::string>& comment) {
    const std::string id = new_change_id(call);
    schema::changes.put(
        call.txn(), {id},
        {.account = call.account, .comment = comment.value_or(""), .submitted = call.now});
    std::vector<std::tuple<std::string>> old;
    schema::changes.each(call.txn(), "", [&](const auto& key, const ChangeRecord& change) {
        if (change.submitted + changes_kept > call.now || old.size() == 10) return false;
        old.push_back(key);
        return true;
    });
    for (const auto& key : old) schema::changes.erase(call.txn(), key);
    ChangeInfo out;
    out.id = "/change/" + id;
    out.status = std::string(change_status::pending);
    out.submitted_at = call.now;
    out.comment = comment;
    return out;
}

Result<ChangeResourceRecordSetsOutput> Route53::ChangeResourceRecordSets(
    aws::Call& call, const ChangeResourceRecordSetsInput& in) {
    TRY(Zone zone, find_zone(call, in.hosted_zone_id));
    if (in.change_batch.changes.size() > limits::batch_values)
        return errors::InvalidChangeBatch("[Number of records limit of 1000 exceeded.]");
    Batch batch(call, zone);
    for (const Change& change : in.change_batch.changes) {
        TRY(const Record record, read_record(change));
        batch.apply(change.action, record);
    }
    REQUIRE(batch.finish());
    schema::zones.put(call.txn(), {zone.id}, zone);
    ChangeResourceRecordSetsOutput out;
    out.change_info = new_change(call, in.change_batch.comment);
    return out;
}

Result<ListResourceRecordSetsOutput> Route53::ListResourceRecordSets(
    aws::Call& call, const ListResourceRecordSetsInput& in) {
    TRY(const Zone zone, find_zone(call, in.hosted_zone_id));
    TRY(const size_t most, page_size(in.max_items, limits::page));
    if (in.start_record_type && !in.start_record_name)
        return errors::InvalidInput("The request must have a record name if it has a record type.");
    if (in.start_record_identifier && !in.start_record_type)
        return errors::InvalidInput(
            "The request must have a record type if it has a record identifier.");
    std::tuple<std::string, std::string, std::string, std::string> first{zone.id, "", "", ""};
    if (in.start_record_name) {
        const auto name = normal_name(*in.start_record_name);
        if (!name) return errors::InvalidInput(name.error().message);
        first = {zone.id, order_of(*name), in.start_record_type.value_or(""),
                 in.start_record_identifier.value_or("")};
    }
    ListResourceRecordSetsOutput out;
    out.max_items = std::to_string(most);
    schema::records.each(call.txn(), store::key_prefix(zone.id),
                         [&](const auto& key, const Record& record) {
                             if (key < first) return true;
                             if (out.resource_record_sets.size() < most) {
                                 out.resource_record_sets.push_back(write_record(record));
                                 return true;
                             }
                             out.is_truncated = true;
                             out.next_record_name = record.name;
                             out.next_record_type = record.type;
                             if (!record.identifier.empty())
                                 out.next_record_identifier = record.identifier;
                             return false;
                         });
    return out;
}

Result<GetChangeOutput> Route53::GetChange(aws::Call& call, const GetChangeInput& in) {
    std::string id = in.id;
    if (id.starts_with("/change/")) id.erase(0, 8);
    const auto change = schema::changes.get(call.txn(), {id});
    if (!change || change->account != call.account)
        return errors::NoSuchChange("Could not find resource with ID: " + id);
    GetChangeOutput out;
    out.change_info.id = "/change/" + id;
    out.change_info.status =
        std::string(publisher_.is_pending(id) ? change_status::pending : change_status::insync);
    out.change_info.submitted_at = change->submitted;
    if (!change->comment.empty()) out.change_info.comment = change->comment;
    return out;
}

// Asks the zone as it is published, without a socket.
Result<TestDNSAnswerOutput> Route53::TestDNSAnswer(aws::Call& call, const TestDNSAnswerInput& in) {
    TRY(const Zone zone, find_zone(call, in.hosted_zone_id));
    const auto name = wire::dns::Name::parse(in.record_name, wire::dns::Escapes::octal);
    const auto type = wire::dns::parse_type(in.record_type);
    if (!name || !type)
        return errors::InvalidInput("The record name '" + in.record_name + "' is not valid.");
    const auto published = publisher_.zone(zone.id);
    planes::dns::ZoneMap zones;
    if (published) zones.emplace(published->apex(), published);
    planes::dns::View view = publisher_.snapshot()->public_view();
    view.public_zones = &zones;
    view.private_zones.clear();

    wire::dns::Message question;
    question.questions.push_back({*name, *type});
    std::string buffer(wire::dns::most_message, '\0');
    const size_t size = planes::dns::respond(view, encode(question), call.env.random, buffer.data(),
                                             buffer.size(), true);
    TRY(const wire::dns::Message answer,
        wire::dns::decode(std::string_view(buffer).substr(0, size)));
    TestDNSAnswerOutput out;
    out.nameserver = zone.name_servers.empty() ? "" : zone.name_servers[0];
    out.record_name = name->lower().text(wire::dns::Escapes::octal);
    out.record_type = in.record_type;
    for (const wire::dns::Record& record : answer.answers)
        out.record_data.push_back(
            wire::dns::data_text(record.type, record.data, wire::dns::Escapes::octal));
    using wire::dns::Code;
    out.response_code = answer.code == Code::no_error     ? "NOERROR"
                        : answer.code == Code::name_error ? "NXDOMAIN"
                        : answer.code == Code::refused    ? "REFUSED"
                                                          : "SERVFAIL";
    out.protocol = "UDP";
    return out;
}

}  // namespace unkai::services::route53
