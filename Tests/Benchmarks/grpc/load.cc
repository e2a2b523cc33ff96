// The load for gRPC: the same arguments, shapes and output as ../ceiling/load.c, so that one script runs both.
//
//   grpc-load PORT CA.pem SERVER-NAME METHOD PAYLOADS CONNECTIONS IN-FLIGHT WARM-UP-SECONDS SECONDS
//
// METHOD is not looked at: there is one. Of PAYLOADS the first is sent. A call that fails ends it.
#include "echo.grpc.pb.h"
#include "files.h"
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <grpcpp/grpcpp.h>
#include <mutex>
#include <thread>

using Clock = std::chrono::steady_clock;
using steward::bench::v1::EchoMessage;
using steward::bench::v1::EchoService;

static std::mutex lock;
static bool measuring, done;
static std::vector<uint32_t> latencies;  // microseconds

// One call after the other on one channel.
class Caller {
public:
    Caller(EchoService::Stub *stub, const EchoMessage &request) : stub(stub), request(request) {}

    void call() {
        context = std::make_unique<grpc::ClientContext>();
        begin = Clock::now();
        stub->async()->Echo(context.get(), &request, &response, [this](grpc::Status status) { ended(status); });
    }

private:
    void ended(const grpc::Status &status) {
        if (!status.ok()) {
            std::fprintf(stderr, "grpc-load: a call failed: %s\n", status.error_message().c_str());
            std::_Exit(1);
        }
        auto micros = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begin).count();
        {
            std::lock_guard<std::mutex> guard(lock);
            if (done) return;
            if (measuring) latencies.push_back(static_cast<uint32_t>(micros));
        }
        call();
    }

    EchoService::Stub *stub;
    const EchoMessage &request;
    EchoMessage response;
    std::unique_ptr<grpc::ClientContext> context;
    Clock::time_point begin;
};

static EchoMessage first_payload(const char *path) {
    EchoMessage message;
    auto file = contents(path);
    if (file.size() < 4 || !message.ParseFromString(file.substr(4))) {
        std::cerr << path << " does not hold a message\n";
        std::exit(1);
    }
    return message;
}

static void wait(double seconds) { std::this_thread::sleep_for(std::chrono::duration<double>(seconds)); }

static void report(double seconds) {
    std::sort(latencies.begin(), latencies.end());
    if (latencies.empty()) {
        std::cerr << "grpc-load: no call ended in time\n";
        std::_Exit(1);
    }
    std::printf("end\n{\"calls\": %zu, \"seconds\": %.6f, \"p50_us\": %u, \"p99_us\": %u, \"max_us\": %u}\n",
        latencies.size(), seconds, latencies[latencies.size() / 2], latencies[latencies.size() * 99 / 100],
        latencies.back());
    std::fflush(stdout);
}

int main(int count, char **arguments) {
    if (count != 10) {
        std::cerr << "usage: see the head of load.cc\n";
        return 64;
    }
    EchoMessage request = first_payload(arguments[5]);
    grpc::SslCredentialsOptions tls;
    tls.pem_root_certs = contents(arguments[2]);
    grpc::ChannelArguments options;
    options.SetSslTargetNameOverride(arguments[3]);
    // A connection for each channel.
    options.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    std::vector<std::unique_ptr<EchoService::Stub>> stubs;
    std::vector<std::unique_ptr<Caller>> callers;
    for (int i = std::atoi(arguments[6]); i > 0; i--) {
        auto channel = grpc::CreateCustomChannel(
            std::string("127.0.0.1:") + arguments[1], grpc::SslCredentials(tls), options);
        stubs.push_back(EchoService::NewStub(channel));
        for (int n = std::atoi(arguments[7]); n > 0; n--)
            callers.push_back(std::make_unique<Caller>(stubs.back().get(), request));
    }
    for (auto &caller : callers) caller->call();
    wait(std::atof(arguments[8]));
    {
        std::lock_guard<std::mutex> guard(lock);
        measuring = true;
        std::puts("begin");
        std::fflush(stdout);
    }
    auto begin = Clock::now();
    wait(std::atof(arguments[9]));
    std::lock_guard<std::mutex> guard(lock);
    done = true;
    report(std::chrono::duration<double>(Clock::now() - begin).count());
    std::_Exit(0);  // calls are still under way
}
