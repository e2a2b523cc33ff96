import Testing

/// The real programs, one journey per file. The journeys run one after the other: each is to have the machine to itself.
@Suite(.serialized) struct SystemTests {}
