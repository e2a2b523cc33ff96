# Compiling what the benchmarks measure with, and counting allocations. Sourced after say.sh; $benchmarks is this folder,
# $root the project's, and $tools where the programs of a benchmark go.

# For the programs in C, for gRPC C++, and for the service in Go; besides what deploy/up needs.
bench_packages=(gcc g++ python3 libgrpc++-dev libprotobuf-dev protobuf-compiler protobuf-compiler-grpc golang-go
    golang-github-jackc-pgx-v4-dev)

# compile_c FOLDER/NAME…: programs in C that speak the protocol.
compile_c() {
    local envelope=$root/Sources/CEnvelope name
    for name in "$@"; do
        cc -O2 -Wall -Wextra -D_GNU_SOURCE -I"$envelope/include" "$benchmarks/$name.c" \
            "$envelope"/steward/rpc/v1/{frame,status}.pb-c.c -o "$tools/${name##*/}" \
            -lssl -lcrypto -lprotobuf-c -pthread
    done
}

# compile_grpc: grpc-server and grpc-load. Slow, so only when their sources have changed.
compile_grpc() {
    local stamp=$tools/grpc.sum name flags
    if [ -x "$tools/grpc-load" ] && sha256sum --check --status "$stamp" 2>/dev/null; then return 0; fi
    read -ra flags < <(pkg-config --cflags --libs grpc++ protobuf)
    protoc -I"$benchmarks/grpc" --cpp_out="$tools" --grpc_out="$tools" \
        --plugin=protoc-gen-grpc="$(command -v grpc_cpp_plugin)" "$benchmarks/grpc/echo.proto"
    for name in server load; do
        g++ -O2 -std=c++17 -Wall -Wextra -I"$tools" -I"$benchmarks/grpc" "$benchmarks/grpc/$name.cc" \
            "$tools"/echo.pb.cc "$tools"/echo.grpc.pb.cc -o "$tools/grpc-$name" "${flags[@]}"
    done
    sha256sum "$benchmarks"/grpc/* >"$stamp"
}

# compile_go: the service in Go, with Debian's pgx; nothing is fetched.
compile_go() (
    cd -- "$benchmarks/yardstick" || return
    GO111MODULE=off GOPATH=/usr/share/gocode GOCACHE=$tools/go-cache GOFLAGS='' go build -o "$tools/yardstick" .
)

# compile_counter FOLDER
compile_counter() { cc -O2 -Wall -Wextra -shared -fPIC "$benchmarks/allocations/count.c" -o "$1/count.so"; }

# find_thresholds: the threshold file of this compiler, for thresholds.py.
find_thresholds() {
    THRESHOLDS=$benchmarks/thresholds/$(swift --version 2>/dev/null | sed -nE 's/.*Swift version ([0-9]+\.[0-9]+).*/\1/p').json
    [ -f "$THRESHOLDS" ] || [ "${RECORD-}" = yes ] ||
        fail "there is no $THRESHOLDS" "Record it: Tests/Benchmarks/run --record-allocations"
    export THRESHOLDS RECORD
}

# count_allocations STEWARD-ECHO TOOLS CERTIFICATES RESULTS
count_allocations() {
    find_thresholds
    python3 "$benchmarks/allocations/allocations.py" "$2/count.so" "$1" "$3" "$4"
}
