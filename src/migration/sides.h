// The two sides of a shift, as AWS's API shows them: the weighted records of a name, and what each
// side's metrics say. Works by API calls alone.
//
//     CO_TRY(Sides sides, co_await Sides::find(cloud, {"api.example.com", "lambda", "fargate"}));
//     CO_REQUIRE(co_await sides.set_share(25));       // UPSERT, then until the change is INSYNC
//     CO_TRY(const Readings readings, co_await sides.read(since));
#pragma once

#include <map>

#include "migration/cloud.h"
#include "migration/guard.h"
#include "rt/event.h"

namespace unkai::migration {

// What one period of a side's metrics says.
struct Reading {
    Time at;  // The period's start.
    double requests = 0, errors = 0;
    std::optional<double> p50, p99;  // Milliseconds.
};
struct Readings {
    std::vector<Reading> from, to;  // By time.
};
// All of them together, from the periods that end after `since`; `now` cuts the last one short.
Traffic sum_up(const std::vector<Reading>& readings, Time since, Time now, Duration period);

// What a shift moves, and how it is measured. Implemented by Sides, and by tests.
class ShiftWorld {
public:
    virtual ~ShiftWorld() = default;
    virtual Task<Status> set_share(int percent) = 0;
    virtual Task<Result<Readings>> read(Time since) = 0;
    virtual Task<Result<int>> share() = 0;  // As the records say now.
    virtual Duration period() const = 0;
    virtual Duration ttl() const = 0;
    virtual Duration keep_alive() const = 0;  // Of connections that the old side may keep.
    virtual std::string describe(bool new_side) const = 0;
};

struct ShiftNames {
    std::string name, from, to;  // The record's name and the two SetIdentifiers.
};

// Where a side's metrics are.
struct Source {
    enum class Kind { load_balancer, rest_api, http_api } kind = Kind::load_balancer;
    std::string region;
    std::vector<std::pair<std::string, std::string>> dimensions;
    std::string title;  // "ALB app/web/0123", "API Gateway orders (prod)"
};

class Sides final : public ShiftWorld {
public:
    // Errors: NoSuchHostedZone, NoSuchRecord (the sentence lists what is there), NotWeighted,
    // OtherRecords (a third record has weight), NoMetrics (an identifier's target is neither a load
    // balancer nor an API), and those of the API.
    static Task<Result<std::unique_ptr<Sides>>> find(Loop& loop, Cloud& cloud, ShiftNames names,
                                                     Duration period);

    Task<Status> set_share(int percent) override;
    Task<Result<Readings>> read(Time since) override;
    Task<Result<int>> share() override;
    Duration period() const override { return period_; }
    Duration ttl() const override { return ttl_; }
    Duration keep_alive() const override { return keep_alive_; }
    std::string describe(bool new_side) const override;
    // The weights as they stand: {from, to}.
    std::pair<int, int> weights() const { return weights_; }
    Task<Status> set_weights(std::pair<int, int> weights);

private:
    Sides(Loop& loop, Cloud& cloud, ShiftNames names, Duration period)
        : loop_(loop), cloud_(cloud), names_(std::move(names)), period_(period) {}
    Task<Status> find_zone();
    Task<Status> find_records();
    Task<Result<std::vector<Source>>> find_source(std::string identifier);
    Task<Result<std::vector<Source>>> find_balancer(std::string dns_name, std::string region);
    Task<Result<std::vector<Source>>> find_api(std::string dns_name, std::string region);
    Task<Status> change(std::pair<int, int> weights);
    Task<Status> read_sources(const std::vector<Source>& sources, Time since,
                              std::vector<Reading>& out);

    Loop& loop_;
    Cloud& cloud_;
    ShiftNames names_;
    Duration period_;
    std::string zone_;
    std::vector<wire::Json>
        records_;  // Both sides', of all types, as ListResourceRecordSets has them.
    std::pair<int, int> weights_{0, 0};
    std::vector<Source> from_, to_;
    Duration ttl_ = std::chrono::seconds(60), keep_alive_ = std::chrono::hours(1);
};

}  // namespace unkai::migration
