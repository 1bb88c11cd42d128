// What the program needs for RDS, put together: the MySQL plane, the reconciler, the service, the
// names.
//
//     Databases databases(env, store, client, network, &authority, folder);
//     dispatcher.add(api::rds::bind(databases.service()));
//     CO_REQUIRE(co_await databases.start());   // networks are up, other services are added
//     co_await databases.stop();                // servers end cleanly; the next start brings them
//     back
#pragma once

#include "net/certificate.h"
#include "planes/dns/names.h"
#include "planes/mysql/local_plane.h"
#include "planes/network/network.h"
#include "services/rds/client_surroundings.h"
#include "services/rds/metrics.h"
#include "services/rds/rds.h"
#include "services/rds/reconciler.h"

namespace unkai {

class Databases {
public:
    Databases(Env& env, store::Store& store, aws::Client& client, planes::network::Network& network,
              const net::Authority* authority, std::string folder)
        : plane_(env, std::move(folder)),
          surroundings_(env, client, network, authority),
          service_(surroundings_, plane_),
          reconciler_(env, store, surroundings_, plane_, names_),
          metrics_(env, store, client, plane_) {}

    services::rds::Rds& service() { return service_; }
    planes::dns::NameSource& names() { return names_; }

    Task<Status> start() {
        CO_REQUIRE(co_await plane_.open());
        reconciler_.start();
        background_.spawn(metrics_.run(stop_));
        started_ = true;
        co_return ok();
    }
    Task<void> stop() {
        if (!started_) co_return;
        started_ = false;
        co_await end_metrics();
        co_await reconciler_.stop();
        co_await plane_.stop_all();
    }
    // Every server ends and every file of the plane goes.
    Task<void> purge() {
        co_await end_metrics();
        if (started_) co_await reconciler_.stop();
        started_ = false;
        co_await plane_.purge();
    }

private:
    Task<void> end_metrics() {
        stop_.request();
        co_await background_.join();
    }

    planes::dns::NameSource names_{"rds"};
    planes::mysql::LocalPlane plane_;
    services::rds::ClientSurroundings surroundings_;
    services::rds::Rds service_;
    services::rds::Reconciler reconciler_;
    services::rds::MetricsPublisher metrics_;
    Stop stop_;
    Scope background_;
    bool started_ = false;
};

}  // namespace unkai
