/// What became of every packet. Each that yields no output raises one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Packets taken.
    pub packets: u64,
    /// UDP datagrams handed out.
    pub datagrams: u64,
    /// TCP payload bytes handed out.
    pub stream_bytes: u64,
    /// TCP segments without payload: handshake, acknowledgement, end.
    pub tcp_control: u64,
    /// Link types that are not known here.
    pub unknown_link: u64,
    /// Frames that carry no IP: ARP, LLDP, …
    pub not_ip: u64,
    /// Link headers that are cut short or nested too deep.
    pub bad_link: u64,
    /// IP headers that are malformed.
    pub bad_ip: u64,
    /// UDP or TCP headers that are malformed.
    pub bad_transport: u64,
    /// Packets of which the capture kept only the beginning (snap length).
    pub cut_short: u64,
    /// IP payloads that are neither UDP nor TCP.
    pub other_transport: u64,
    /// IP fragments taken.
    pub fragments: u64,
    /// Datagrams put together from fragments.
    pub reassembled: u64,
    /// Fragments dropped with a datagram whose fragments overlap or contradict each other.
    pub fragment_conflicts: u64,
    /// Datagrams given up because a fragment did not come in time.
    pub fragment_timeouts: u64,
    /// Datagrams given up to stay within memory.
    pub fragment_evictions: u64,
    /// TCP connections whose beginning was not seen.
    pub midstream: u64,
    /// TCP payload bytes seen again.
    pub tcp_repeated_bytes: u64,
    /// TCP segments far outside of what the stream can expect.
    pub tcp_out_of_window: u64,
    /// Holes in TCP streams that were given up on.
    pub tcp_gaps: u64,
    /// Bytes missing in those holes.
    pub tcp_gap_bytes: u64,
    /// TCP streams forgotten to stay within memory.
    pub stream_evictions: u64,
}

impl Counters {
    /// Every counter with its name, for metrics and reports.
    #[must_use]
    pub const fn named(&self) -> [(&'static str, u64); 22] {
        [
            ("packets", self.packets),
            ("datagrams", self.datagrams),
            ("stream_bytes", self.stream_bytes),
            ("tcp_control", self.tcp_control),
            ("unknown_link", self.unknown_link),
            ("not_ip", self.not_ip),
            ("bad_link", self.bad_link),
            ("bad_ip", self.bad_ip),
            ("bad_transport", self.bad_transport),
            ("cut_short", self.cut_short),
            ("other_transport", self.other_transport),
            ("fragments", self.fragments),
            ("reassembled", self.reassembled),
            ("fragment_conflicts", self.fragment_conflicts),
            ("fragment_timeouts", self.fragment_timeouts),
            ("fragment_evictions", self.fragment_evictions),
            ("midstream", self.midstream),
            ("tcp_repeated_bytes", self.tcp_repeated_bytes),
            ("tcp_out_of_window", self.tcp_out_of_window),
            ("tcp_gaps", self.tcp_gaps),
            ("tcp_gap_bytes", self.tcp_gap_bytes),
            ("stream_evictions", self.stream_evictions),
        ]
    }
}
