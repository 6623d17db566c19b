//! What usually listens on a port: a small table of what a student meets. Must never say that something does listen: that only the system
//! knows.

/// Which transport a service is reached by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// Either.
    Both,
}

impl By {
    /// As it is written.
    pub fn text(self) -> &'static str {
        match self {
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
            Self::Both => "TCP, UDP",
        }
    }
}

/// A service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its port.
    pub port: u16,
    /// How it is reached.
    pub by: By,
    /// What it is called, the same in every language.
    pub name: &'static str,
}

/// The three parts of the port numbers (RFC 6335 section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// 0: not a port but "any", as what is bound lets the system choose.
    Any,
    /// 1 to 1023: to listen there takes a right on most systems.
    WellKnown,
    /// 1024 to 49151.
    Registered,
    /// 49152 to 65535: never assigned. Linux chooses from 32768 to 60999 unless told otherwise.
    Dynamic,
}

impl Part {
    /// The key of its name.
    pub fn key(self) -> &'static str {
        match self {
            Self::Any => "desk.part.any",
            Self::WellKnown => "desk.part.well_known",
            Self::Registered => "desk.part.registered",
            Self::Dynamic => "desk.part.dynamic",
        }
    }
}

/// Which part a port is in.
pub fn part_of(port: u16) -> Part {
    match port {
        0 => Part::Any,
        1..=1023 => Part::WellKnown,
        1024..=49_151 => Part::Registered,
        49_152.. => Part::Dynamic,
    }
}

const fn tcp(port: u16, name: &'static str) -> Service {
    Service { port, by: By::Tcp, name }
}

const fn udp(port: u16, name: &'static str) -> Service {
    Service { port, by: By::Udp, name }
}

const fn both(port: u16, name: &'static str) -> Service {
    Service { port, by: By::Both, name }
}

/// By port. What IANA has registered, and what programs really use where that differs (8080, 6379, 27017).
const SERVICES: &[Service] = &[
    both(7, "Echo"),
    both(9, "Discard"),
    both(13, "Daytime"),
    both(19, "Chargen"),
    tcp(20, "FTP data"),
    tcp(21, "FTP"),
    tcp(22, "SSH, SFTP"),
    tcp(23, "Telnet"),
    tcp(25, "SMTP"),
    both(37, "Time"),
    tcp(43, "Whois"),
    both(53, "DNS"),
    udp(67, "DHCP server"),
    udp(68, "DHCP client"),
    udp(69, "TFTP"),
    tcp(70, "Gopher"),
    tcp(79, "Finger"),
    tcp(80, "HTTP"),
    both(88, "Kerberos"),
    tcp(102, "S7, ISO-TSAP"),
    tcp(110, "POP3"),
    both(111, "RPC portmapper"),
    tcp(119, "NNTP"),
    udp(123, "NTP"),
    both(135, "MS RPC"),
    udp(137, "NetBIOS name"),
    udp(138, "NetBIOS datagram"),
    tcp(139, "NetBIOS session"),
    tcp(143, "IMAP"),
    udp(161, "SNMP"),
    udp(162, "SNMP trap"),
    tcp(179, "BGP"),
    both(389, "LDAP"),
    both(443, "HTTPS; HTTP/3"),
    tcp(445, "SMB"),
    tcp(465, "SMTPS"),
    udp(500, "IKE (IPsec)"),
    tcp(502, "Modbus TCP"),
    udp(514, "Syslog"),
    tcp(515, "LPD"),
    udp(520, "RIP"),
    udp(546, "DHCPv6 client"),
    udp(547, "DHCPv6 server"),
    both(554, "RTSP"),
    tcp(587, "SMTP submission"),
    tcp(631, "IPP (CUPS)"),
    tcp(636, "LDAPS"),
    both(853, "DNS over TLS, over QUIC"),
    tcp(873, "rsync"),
    tcp(990, "FTPS"),
    tcp(993, "IMAPS"),
    tcp(995, "POP3S"),
    tcp(1080, "SOCKS"),
    both(1194, "OpenVPN"),
    tcp(1433, "SQL Server"),
    tcp(1521, "Oracle"),
    udp(1701, "L2TP"),
    tcp(1723, "PPTP"),
    both(1812, "RADIUS"),
    tcp(1883, "MQTT"),
    udp(1900, "SSDP (UPnP)"),
    both(2049, "NFS"),
    tcp(2181, "ZooKeeper"),
    tcp(2375, "Docker"),
    both(2404, "IEC 60870-5-104"),
    both(2425, "IP Messenger, FeiQ (飞秋)"),
    tcp(3128, "Squid"),
    tcp(3268, "LDAP global catalog"),
    tcp(3306, "MySQL"),
    both(3389, "RDP"),
    both(3478, "STUN, TURN"),
    udp(3702, "WS-Discovery"),
    udp(4500, "IPsec NAT-T"),
    tcp(4840, "OPC UA"),
    both(5060, "SIP"),
    tcp(5222, "XMPP"),
    udp(5353, "mDNS"),
    both(5355, "LLMNR"),
    tcp(5432, "PostgreSQL"),
    tcp(5672, "AMQP"),
    udp(5683, "CoAP"),
    tcp(5900, "VNC"),
    tcp(6379, "Redis"),
    tcp(6443, "Kubernetes"),
    tcp(6667, "IRC"),
    tcp(8000, "HTTP (test)"),
    tcp(8080, "HTTP (other)"),
    tcp(8443, "HTTPS (other)"),
    tcp(8883, "MQTTS"),
    tcp(9092, "Kafka"),
    tcp(9100, "Printer (JetDirect)"),
    tcp(9200, "Elasticsearch"),
    tcp(11_211, "memcached"),
    both(20_000, "DNP3"),
    tcp(27_017, "MongoDB"),
    both(44_818, "EtherNet/IP"),
    udp(47_808, "BACnet"),
    udp(51_820, "WireGuard"),
];

/// All that are known, by port.
pub fn services() -> &'static [Service] {
    SERVICES
}

/// What usually listens on a port.
pub fn service_of(port: u16) -> Option<&'static Service> {
    let place = SERVICES.binary_search_by_key(&port, |service| service.port).ok()?;
    SERVICES.get(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_port_once_and_in_order() {
        assert!(SERVICES.windows(2).all(|pair| pair[0].port < pair[1].port));
    }

    #[test]
    fn what_textbooks_ask() {
        let table = [(443, "HTTPS; HTTP/3", By::Both), (53, "DNS", By::Both), (22, "SSH, SFTP", By::Tcp), (69, "TFTP", By::Udp)];
        for (port, name, by) in table {
            let service = service_of(port).unwrap();
            assert_eq!((service.name, service.by), (name, by), "{port}");
        }
        assert_eq!(service_of(9999), None);
        let parts = [0, 1, 1023, 1024, 49_151, 49_152, 65_535].map(part_of);
        use Part::{Any, Dynamic, Registered, WellKnown};
        assert_eq!(parts, [Any, WellKnown, WellKnown, Registered, Registered, Dynamic, Dynamic]);
    }
}
