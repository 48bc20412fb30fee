/// The natural logarithm without a C library, so that every machine computes the same bits.
enum Logarithm {
    /// ln of `value`, which must be positive and finite, to about 15 digits: the exponent's share, and for the
    /// significand the series of the inverse hyperbolic tangent.
    static func natural(_ value: Double) -> Double {
        let ratio = (value.significand - 1) / (value.significand + 1)
        var power = ratio
        var sum = 0.0
        for odd in stride(from: 1.0, through: 33.0, by: 2.0) {
            sum += power / odd
            power *= ratio * ratio
        }
        return 2 * sum + Double(value.exponent) * 0.693_147_180_559_945_3
    }
}
