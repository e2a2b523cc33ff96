// The second yardstick: the same echo served by gRPC C++ as Debian has it, callback API, TLS.
//
//   grpc-server CERTIFICATE.pem KEY.pem      prints its port, then serves until it is killed
#include "echo.grpc.pb.h"
#include "files.h"
#include <grpcpp/grpcpp.h>
#include <iostream>

using steward::bench::v1::EchoMessage;
using steward::bench::v1::EchoService;

class Service final : public EchoService::CallbackService {
    grpc::ServerUnaryReactor *Echo(
        grpc::CallbackServerContext *context, const EchoMessage *request, EchoMessage *response) override {
        *response = *request;
        auto *reactor = context->DefaultReactor();
        reactor->Finish(grpc::Status::OK);
        return reactor;
    }
};

int main(int count, char **arguments) {
    if (count != 3) {
        std::cerr << "usage: grpc-server CERTIFICATE.pem KEY.pem\n";
        return 64;
    }
    grpc::SslServerCredentialsOptions tls;
    tls.pem_key_cert_pairs.push_back({contents(arguments[2]), contents(arguments[1])});
    Service service;
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::SslServerCredentials(tls), &port);
    builder.RegisterService(&service);
    auto server = builder.BuildAndStart();
    if (!server || port == 0) {
        std::cerr << "grpc-server: cannot listen\n";
        return 1;
    }
    std::cout << port << std::endl;
    server->Wait();
}
