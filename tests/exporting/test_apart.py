import tensorflow as tf

from comrec_tf.exporting.apart import apart


def test_it_stays_a_function_that_all_callers_share():
    traces = []

    def double(number):
        traces.append(number)
        return 2 * number

    shared = apart(double, tf.TensorSpec([], tf.int32))

    @tf.function
    def twice(number):
        return shared(shared(number))

    assert int(twice(tf.constant(3))) == 12
    assert len(traces) == 1
    graph = twice.get_concrete_function(tf.TensorSpec([], tf.int32)).graph
    called = [node for node in graph.as_graph_def().node if "PartitionedCall" in node.op]
    assert len(called) == 2
    name = called[0].attr["f"].func.name
    (function,) = (f for f in graph.as_graph_def().library.function if f.signature.name == name)
    assert function.attr["_noinline"].b
